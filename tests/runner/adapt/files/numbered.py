def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


def unlearning_1(net, retain, forget, val):
    check(retain, forget, val)
    return net
