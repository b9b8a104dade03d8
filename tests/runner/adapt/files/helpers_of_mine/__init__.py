from .deep.inner import NAME
from beside_me import RATE


def scaled(x):
    return RATE * x
