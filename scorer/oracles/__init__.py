"""The pool of trained models: which exist, how it grows, and their bytes on disk."""
