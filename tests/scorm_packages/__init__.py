"""Test the reading and checking of packages."""
