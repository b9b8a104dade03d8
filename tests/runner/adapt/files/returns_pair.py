def unlearning(net, retain, forget, val):
    losses = [0.5]
    return net, losses
