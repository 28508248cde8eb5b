"""Test the practice LMS: what it refuses, what its packages hold."""
