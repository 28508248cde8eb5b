"""Write a report as a file, a module for each format; what a reader sees is in the report's language."""
