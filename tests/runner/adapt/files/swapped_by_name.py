def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


def unlearning(net, *, val, forget, retain):
    check(retain, forget, val)
