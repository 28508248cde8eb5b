"""Speak LTI 1.3 Advantage as a tool: a library without web framework, database or HTTP client of its own."""
