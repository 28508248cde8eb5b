"""Test the tables and their rules."""
