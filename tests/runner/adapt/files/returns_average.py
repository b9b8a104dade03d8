from torch import nn
from torch.optim.swa_utils import AveragedModel


def unlearning(net, retain, forget, val):
    average = AveragedModel(nn.DataParallel(net))
    average.update_parameters(net)
    return average
