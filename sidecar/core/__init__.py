"""Keep the tables: one noun a file, with its rules and its queries."""
