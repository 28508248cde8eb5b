"""Stand in for what lies outside: clock, queue."""
