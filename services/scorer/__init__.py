"""The scorer: places entries in the log and turns them into results."""
