"""A task as a competition: a bundle that the Codabench platform runs, with our scorer in it."""
