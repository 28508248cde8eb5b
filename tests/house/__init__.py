"""Test the rules of the house."""
