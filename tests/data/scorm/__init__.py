"""Make packages, good and hostile, for the tests."""
