"""Test the connectors of the sidecar."""
