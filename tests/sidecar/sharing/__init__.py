"""Test what regions share with each other."""
