"""Your entry lives here: `unlearn.py`, or any other file named on the command line."""
