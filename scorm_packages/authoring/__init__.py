"""Read course sources: a folder with `course.toml` and Markdown pages."""
