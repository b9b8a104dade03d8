def unlearning(net, retain, extra, forget):
    return net
