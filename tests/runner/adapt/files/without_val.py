def unlearning(model, retain_loader, forget_loader):
    assert len(retain_loader.dataset) > len(forget_loader.dataset)
    return model
