def unlearning(net, retain, forget, val):
    raise NotImplementedError


def unlearning(net, retain, forget, val):
    return net
