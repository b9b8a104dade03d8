def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


def unlearning(net, forget_loader, retain_loader, val_loader):
    check(retain_loader, forget_loader, val_loader)
    return net
