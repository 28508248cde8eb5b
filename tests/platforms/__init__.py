"""Test the tool against platforms that others wrote, each in an environment and a process of its own."""
