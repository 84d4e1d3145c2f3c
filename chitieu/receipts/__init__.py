"""Receipts: a result with all that it rests on, checked anywhere without the system."""
