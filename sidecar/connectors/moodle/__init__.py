"""Speak with Moodle's web services: typed calls, completions in bulk, people by cohort, a test of what is needed."""
