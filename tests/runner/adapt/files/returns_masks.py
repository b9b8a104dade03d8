from torch.nn.utils import prune


def unlearning(net, retain, forget, val):
    prune.l1_unstructured(net.fc, "weight", amount=0.5)
    prune.random_unstructured(net.conv1, "weight", amount=0.1)
