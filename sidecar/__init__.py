"""Plug into an LMS: launch, play and record courses, and report completions to municipalities."""
