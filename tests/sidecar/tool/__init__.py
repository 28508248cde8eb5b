"""Test what we say to platforms."""
