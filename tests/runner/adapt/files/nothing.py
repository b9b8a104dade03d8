"""A file with prose alone."""
