"""Measure what the sidecar promises."""
