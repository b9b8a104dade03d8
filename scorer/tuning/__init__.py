"""Tune methods' constants by successive halving: the same trials for all, on private splits.

A method's constants are the numbers in capitals at the top of its file, one for all tasks or one
for each family of them. A trial is a copy of the file with other values, run as a submission on
private splits; trial 0 is the file as it is, which stays to the end. All trials get few runs, the
best of them more. Everything is logged, so that how a constant was found can be looked up.
"""
