"""Certify the tool at its HTTP border: every launch case by name."""
