"""A submission with constants to tune."""

SOURCE = '''"""Shift."""
import torch
LEARNING_RATE = 0.5  # a unit
SHARE = 1e-3
EPOCHS = 3
NAME = "x"
lower = 2.0
def unlearning(net, retain, forget, val):
    net.fc.bias.data += LEARNING_RATE * torch.randn(10)
'''
