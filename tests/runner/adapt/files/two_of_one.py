def unlearning(net, retain_loader, retain_dataset, forget):
    return net
