"""Somebody else's code, N times: find it, run it in its own process, take back weights only."""
