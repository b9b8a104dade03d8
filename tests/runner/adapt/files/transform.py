import torch


def unlearning(net, retain, forget, val):
    retain.dataset.transform = torch.zeros_like
    retain.dataset.target_transform = lambda label: label + 1
    images, labels = next(iter(retain))
    assert not images.any() and labels.min() >= 1
    return net
