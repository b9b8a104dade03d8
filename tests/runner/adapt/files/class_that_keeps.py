def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


class Unlearner:
    def __init__(self, model, retain_loader, forget_loader, val_loader, device):
        check(retain_loader, forget_loader, val_loader)
        self.model = model.to(device)

    def unlearn(self):
        return self.model
