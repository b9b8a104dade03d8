def unlearning(net, retain, forget, val):
    return net.state_dict()
