"""How fast a model learns the forget set: its loss there, step by step, in the same fine-tuning.

A model that has hidden what it knows gets it back in fewer steps than one that never knew it. The
steps are the same for every model of a task: `MOST_STEPS` of the recipe's optimiser, begun anew, at
a constant tenth of its largest rate, on batches of its size (of the whole forget set, where that is
smaller) in one fixed order. No augmentation and no weights of classes: it is the plain loss that is
to come down.

The network stays in eval mode. Running statistics of BatchNorm would move by themselves towards
those of the forget set, even at a rate of 0, and of a forget set of one class they are not those of
any data that a network is used on; so what is measured is what the weights have to learn.
"""

from __future__ import annotations

import numpy as np

from scorer.features.base import Feature, ForwardPass

MOST_STEPS = 100
"""After which a model counts as one that does not get there."""

RATE_SHARE = 0.1
"""The learning rate, over the largest one of the recipe."""

ORDER = "relearning"
"""What the order of the batches is drawn from: public, since it begins when a method has ended."""


def relearning(seen: ForwardPass) -> np.ndarray:
    """Return the mean loss before the first step and after each: `(MOST_STEPS + 1,)` float32.

    The network that was given stays as it is. A loss that is no finite number, as where the steps
    lead away, is the largest float32.
    """
    import copy
    import dataclasses
    import itertools

    import torch
    from torch.nn import functional as F

    from scorer.training.loop import ModelSeeds, autocast, draw_epochs, make_optimizer, predict
    from scorer.training.step import training_settings

    images, device, n_examples = seen.images, seen.images.device, len(seen.labels)
    labels = torch.from_numpy(seen.labels).to(device)
    recipe = dataclasses.replace(
        seen.recipe,
        learning_rate=RATE_SHARE * seen.recipe.learning_rate,
        epochs=MOST_STEPS,
        augmentation="none",
    )
    epochs = draw_epochs(n_examples, recipe, ModelSeeds.of(ORDER, "relearning", 0))
    batches = itertools.islice((chosen for epoch, _ in epochs for chosen in epoch), MOST_STEPS)
    net = copy.deepcopy(seen.net).eval().requires_grad_(True)
    losses = [F.cross_entropy(torch.from_numpy(seen.logits), labels.cpu()).item()]
    with training_settings(device), torch.enable_grad():
        optimizer = make_optimizer(net.parameters(), recipe, device)
        for chosen in batches:
            index = chosen.to(device)
            with autocast(device, recipe):
                logits = net(images[index])
            loss = F.cross_entropy(logits.float(), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(F.cross_entropy(predict(net, images), labels).item())
    most = float(np.finfo(np.float32).max)
    found = np.nan_to_num(np.array(losses), nan=most, posinf=most)
    return np.asarray(np.minimum(found, most), dtype=np.float32)


FEATURE = Feature(
    name="relearning",
    version=1,
    summary=f"mean loss on the forget set in {MOST_STEPS} steps of fine-tuning on it,"
    f" ({MOST_STEPS + 1},) float32 in all, where --features asks for it",
    compute=relearning,
    sets=("forget",),
    is_extra=True,
)
