"""PostgreSQL: the tables, the log, and the stores. The only package that speaks SQL."""
