def unlearning(net, retain, forget, val, args):
    return net
