def unlearning_1(net, retain, forget, val):
    return net


def unlearning_2(net, retain, forget, val):
    return net
