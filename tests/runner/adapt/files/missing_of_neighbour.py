from needs_what_is_missing import *


def unlearning(net, retain, forget, val):
    return net
