def unlearning(net, retain, forget, val):
    return next(iter(forget))["person_id"]
