from src.config import EPOCHS


def unlearning(net, retain, forget, val):
    assert EPOCHS == 3
    return net
