"""Recipes, models and the loops that train them; knows arrays, not tasks."""
