def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


def unlearning(net, retain, forget, val, device):
    check(retain, forget, val)
    return net.to(device)
