"""Test the pages and the wire."""
