import torch
from torch import nn


def unlearning(net, retain, forget, val):
    return torch.compile(net)
