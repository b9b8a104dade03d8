from helpers_of_mine import *
from helpers_of_mine.deep.inner import NAME


def unlearning(net, retain, forget, val):
    assert NAME == "inner" and scaled(2) == 1.0
    return net
