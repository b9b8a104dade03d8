import json
from pathlib import Path

from .parts import step


def unlearning(net, retain, forget, val):
    constants = json.loads((Path(__file__).parent / "constants.json").read_text())
    step(net, constants["rate"])
    return net
