"""What is kept of a model's outputs. One file a feature."""
