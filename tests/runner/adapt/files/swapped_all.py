def check(retain, forget, val):
    assert len(retain.dataset) > len(val.dataset) > len(forget.dataset)


def unlearning(val_dataloader, forgetLoader, retain_set, model):
    check(retain_set, forgetLoader, val_dataloader)
    return model
