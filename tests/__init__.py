"""Test the sidecar and its libraries."""
