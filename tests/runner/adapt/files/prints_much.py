import sys


def unlearning(net, retain, forget, val):
    for number in range(200_000):
        print(number)
        sys.stderr.write("\r")
    return net
