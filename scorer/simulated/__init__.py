"""Simulated models whose truth is known: what statistics are held against, and plans made with."""
