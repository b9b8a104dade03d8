"""The program that runs submissions: it travels as a copy, and the kit does not come along.

`scorer.runner.program` copies this folder, the definition of the networks and the counter of
multiply-adds to where runs see them. So nothing in it imports anything of the kit: torch,
safetensors, the standard library and its own modules are all that it may name.
"""
