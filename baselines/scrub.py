"""SCRUB: alternate between leaving the teacher on forget data and staying with it on retain data.

Short: SCRUB
Source: Kurmanji et al. 2023, "Towards unbounded machine unlearning", SCRUB+R with rewinding,
    https://arxiv.org/abs/2302.09880
Year: 2023
Data: retain, forget, val
Cost: 3 ROUND_EPOCHS retain epochs + 2 forget epochs + a forward pass over both
Memory: the network once a round, logits of retain and forget
Randomness: data order only
Tuned: ROUND_EPOCHS, BATCH_SIZE, MAX_RATE, LEARNING_RATE and CLOSENESS by `tune` on private splits,
    task by task: see baselines/tuning; a closeness between 0.001 and 0.5 is published
Differs: 3 rounds of a part of a retain epoch, not 5 to 10 epochs. The teacher's logits are computed
    once, as neither it nor the images change. Away from it gradients are clipped, as the divergence
    has no bound
"""

from __future__ import annotations

import copy
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, Examples, device_of, divergence, for_family, predict, read

ROUNDS = 3
ROUND_EPOCHS = {"digits": 0.147, "fashion_mnist": 0.139}  # passes over the retain set in each
# of retain; of forget half, as the source passes retain in larger batches
BATCH_SIZE = {"digits": 256, "fashion_mnist": 128}
MAX_ROUNDS = 2  # of these, how many begin with a pass away from the teacher on forget
MAX_RATE = {"digits": 0.0303, "fashion_mnist": 0.00342}  # learning rate of the passes over forget
MAX_NORM = 10.0  # of a gradient of theirs
LEARNING_RATE = {"digits": 0.331, "fashion_mnist": 0.268}  # peak of the passes over retain
WARMUP = 0.25  # share of the steps
CROSS_ENTROPY = 1.0  # gamma: weight of the labels on retain
# alpha: weight of the divergence from the teacher on retain
CLOSENESS = {"digits": 0.0134, "fashion_mnist": 0.0191}
TEMPERATURE = 4.0


def accuracy(net: nn.Module, examples: Examples) -> float:
    """Return the share of examples whose label the net predicts."""
    return (predict(net, examples.images).argmax(1) == examples.labels).float().mean().item()


def rewind(net: nn.Module, states: list[dict[str, Tensor]], gone: Examples, like: Examples) -> None:
    """Load the state whose forget accuracy is nearest to the last state's accuracy on `like`."""
    target = accuracy(net, like)
    errors = []
    for state in states:
        net.load_state_dict(state)
        errors.append(abs(accuracy(net, gone) - target))
    net.load_state_dict(states[errors.index(min(errors))])


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after rounds of maximising and minimising its divergence from the original."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    unseen = read(val, device, name="val")
    epochs, size, max_rate, rate, closeness = for_family(
        kept.images, ROUND_EPOCHS, BATCH_SIZE, MAX_RATE, LEARNING_RATE, CLOSENESS
    )
    teacher_kept, teacher_gone = predict(net, kept.images), predict(net, gone.images)
    n_away = MAX_ROUNDS * gone.n_batches(size // 2)
    away = Descent(net, n_steps=n_away, learning_rate=max_rate, weight_decay=0.0)
    n_steps = kept.n_steps(epochs, size)
    near = Descent(net, n_steps=ROUNDS * n_steps, learning_rate=rate, warmup=WARMUP)
    batches = kept.numbered().endless(size)
    states = []

    def clip() -> None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)

    net.train()
    for number in range(ROUNDS):
        if number < MAX_ROUNDS:
            for images, chosen in gone.numbered().batches(size // 2):
                away.step(-divergence(teacher_gone[chosen], net(images), TEMPERATURE), clip)
        for images, chosen in islice(batches, n_steps):
            logits = net(images)
            distance = divergence(teacher_kept[chosen], logits, TEMPERATURE)
            loss = F.cross_entropy(logits, kept.labels[chosen])
            near.step(CROSS_ENTROPY * loss + closeness * distance)
        states.append(copy.deepcopy(net.state_dict()))
    same_classes = torch.isin(unseen.labels, gone.labels)
    if same_classes.any():
        like = Examples(unseen.images[same_classes], unseen.labels[same_classes])
        rewind(net, states, gone, like)
    return net.eval()
