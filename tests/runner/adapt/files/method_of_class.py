def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


class MyMethod:
    def __init__(self, lr=0.1):
        self.lr = lr

    def run(self, net, retain_loader, forget_loader, val_loader):
        check(retain_loader, forget_loader, val_loader)
        return net
