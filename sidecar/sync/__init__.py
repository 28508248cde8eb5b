"""Bring what sources say into our tables: people from HR systems, completions from LMSs and files."""
