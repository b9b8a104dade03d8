"""Fine-tuning done well: go on training with the retain set alone. Change anything.

Short: mine
Source: this file; the idea is the baseline of the challenge's starting kit,
    https://github.com/unlearning-challenge/starting-kit
Year: 2023
Data: retain
Cost: 3 retain epochs
Memory: none
Randomness: data order only
Tuned: LEARNING_RATE on a retired split of digits, of 0.1 to 2

Keep the name and the four arguments of `unlearning`; the rest of the file is yours. Each file in
`baselines/` is another method that can be copied over this one and edited.
"""

from __future__ import annotations

from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader

EPOCHS = 3  # passes over the retain set; a run may take a fifth of the time of a retraining
LEARNING_RATE = 0.5  # at first; at a tenth of it the network hardly moves, at twice it is ruined
MOMENTUM = 0.9  # Nesterov's
WEIGHT_DECAY = 5e-4  # on every weight
BATCH_SIZES = 64, 512  # least and most examples a step; small sets need small steps, many of them


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Make `net` behave as if it had been trained on the retain set only.

    Args:
        net: the original model, trained on retain + forget, in eval mode on its device. Change
            its weights in place as you like; its layers must stay what they are.
        retain: the examples to keep: a shuffled loader of `(images, labels)`, 64 a batch.
        forget: the examples to forget, likewise; not needed here.
        val: examples that the network never saw, likewise; not needed here.

    Returns:
        The unlearned network. The call is repeated under many seeds. For each forgotten example
        the confidences of the results are compared with those of networks trained without it:
        their spread counts as much as their mean.
    """
    device = next(net.parameters()).device
    n_examples = len(retain.dataset)  # type: ignore[arg-type]
    batch_size = min(max(n_examples // 64, BATCH_SIZES[0]), BATCH_SIZES[1])
    batches = DataLoader(
        retain.dataset,
        batch_size=batch_size,
        shuffle=True,  # by torch's global generator, which is seeded anew for each run
        drop_last=n_examples > batch_size,  # BatchNorm cannot train on a rest of one example
        collate_fn=retain.collate_fn,
    )
    optimizer = SGD(
        net.parameters(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    n_steps, step = EPOCHS * len(batches), 0
    net.train()
    for _ in range(EPOCHS):
        for images, labels in batches:
            for group in optimizer.param_groups:  # down in a straight line
                group["lr"] = LEARNING_RATE * (1 - step / n_steps)
            loss = F.cross_entropy(net(images.to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    return net.eval()  # what is scored is the network in eval mode
