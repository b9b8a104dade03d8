def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


def unlearning(net, forget_loader, retain_loader, test_loader):
    check(retain_loader, forget_loader, test_loader)
    return net
