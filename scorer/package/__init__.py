"""What one hands in: a method as one file that stands alone, or N state dicts in a zip."""
