from scorer.metric import confidence


def unlearning(net, retain, forget, val):
    return net
