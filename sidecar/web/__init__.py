"""Serve the application over HTTP: a blueprint per audience."""
