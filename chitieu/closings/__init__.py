"""A period of a plan, frozen at a known time: its life in the log, its days, its document. Pure."""
