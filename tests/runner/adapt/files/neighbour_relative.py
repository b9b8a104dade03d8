from .beside_me import RATE


def unlearning(net, retain, forget, val):
    assert RATE == 0.5
    return net
