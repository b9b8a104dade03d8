"""Score machine unlearning of image classifiers against models retrained without the forget set."""
