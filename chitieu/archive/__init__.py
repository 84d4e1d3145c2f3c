"""Months of the log as files that prove themselves."""
