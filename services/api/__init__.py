"""The api: reads what the scorer derived, and writes what people decide through the log."""
