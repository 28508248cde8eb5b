"""Hold what the tests read."""
