NAME = "éè"


def unlearning(net, retain, forget, val):
    assert NAME == "\xe9\xe8" and len(NAME) == 2
    return net
