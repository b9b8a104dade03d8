import beside_me


def unlearning(net, retain, forget, val):
    assert beside_me.RATE == 0.5
    return net
