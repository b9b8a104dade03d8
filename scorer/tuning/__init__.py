"""Tune a method's constants: the same small budget for every method, never on the public split.

A method's constants are the numbers in capitals at the top of its file. A trial is a copy of the
file with some of them changed, run as a submission on two private splits; trial 0 is the file as
it is. Every trial is logged, so that how a constant was found can be looked up.
"""
