"""Test the reports of the sidecar."""
