import dataclasses


@dataclasses.dataclass
class Plan:
    epochs: int = 1


def unlearning(net, retain, forget, val):
    assert Plan.__annotations__ == {"epochs": int}
    return net
