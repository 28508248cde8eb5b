"""Test reading course sources."""
