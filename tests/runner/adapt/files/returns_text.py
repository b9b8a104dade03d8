def unlearning(net, retain, forget, val):
    return "done"
