"""Speak with outside systems: one connector a file, found by the entry point `sidecar.connectors`."""
