def unlearning(net, retain, forget, val):
    retain.dataset.data = retain.dataset.images[:10]
    return net
