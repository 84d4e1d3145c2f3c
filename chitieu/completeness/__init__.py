"""Who has reported what: in time, late, not, waived. Pure; decided in docs/decisions/0011."""
