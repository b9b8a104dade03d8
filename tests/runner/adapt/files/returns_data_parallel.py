import torch
from torch import nn


def unlearning(net, retain, forget, val):
    with torch.no_grad():
        net.fc.bias += 1
    return nn.DataParallel(net)
