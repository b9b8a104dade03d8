from torch import nn


def unlearning(net, retain, forget, val):
    return nn.Sequential(nn.Identity(), net)
