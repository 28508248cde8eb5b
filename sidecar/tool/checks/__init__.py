"""Test the connection to an LMS, step by step: what is set here, its addresses, our keys, its services."""
