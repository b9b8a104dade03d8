import argparse
import logging

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=2)
ARGUMENTS = parser.parse_args()
logging.basicConfig(level=logging.DEBUG)
logging.getLogger().info("x" * 100)


def unlearning(net, retain, forget, val):
    for _ in range(ARGUMENTS.epochs):
        print("y" * 100)
    return net


if __name__ == "__main__":
    raise SystemExit("a script is not run")
