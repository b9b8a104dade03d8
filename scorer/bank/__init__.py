"""A pool's outputs as one file to hand on: written, verified, put into another cache."""
