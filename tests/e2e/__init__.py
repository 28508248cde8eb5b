"""Drive a real browser."""
