"""Simulations that show how far the statistics hold: one file a table, laws of models in `laws`."""
