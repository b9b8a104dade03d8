import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--data-root", required=True)
ARGUMENTS = parser.parse_args()


def unlearning(net, retain, forget, val):
    return net
