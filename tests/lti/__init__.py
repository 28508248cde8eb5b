"""Test the LTI library at its borders."""
