"""Test the application."""
