"""Mix weights with new ones, retrain by steps that count for more, away from the forget set first.

Short: mine
Source: this file; the steps are those of Muon, K. Jordan et al. 2024,
    https://kellerjordan.github.io/posts/muon
Year: 2026
Data: retain, forget, val
Cost: about a fifth of a retraining, start and overhead of the steps included
Memory: momentum of the optimisers
Randomness: new weights, data order, a slice of retain
Tuned: the constants below on split seeds 11 to 18 of digits, 1 of fashion_mnist and three folders
    of other images, those of a GPU and LAYER_STEPS on 0 of cifar10

What is left of the original is its first convolution, its biases and normalisation, few numbers
that every image shaped, and of a deep network as many layers as the steps would not suffice for;
half of all other weights, or more the less it knew of the forget set, and how long they are; how
sure it is of examples that it never saw, with how much the forget set held that back. What is kept
still remembers, so early steps lead away from the forget set, as far as the original knew it; later
ones train the last two layers. Batches have classes in proportion, so that runs differ less.
submission/NOTES.md tells why each part is there and what it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import cycle, islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

# Nothing tells a run how long a retraining is. What is assumed of it, on a CPU and on a GPU: so
# many passes over retain at the least, the second if images have colours, and so many examples.
EPOCHS, EXAMPLES = ((6, 10), (15, 15)), 14_000
SHARE = 0.16  # of its work, for all; a run may take a fifth
# What a run takes before its first step and a step beside its arithmetic, in multiply-adds that
# could be done meanwhile: Python, autograd and kernels that start are most of a small step.
START_WORK, STEP_WORK = (1.6e9, 2.18e13), (1.1e7, 1.3e11)
MIN_STEPS = 24, 64  # a network that was hardly trained is worse than one that takes too long
BATCH_SIZES = (32, 256), (512, 512)  # least and most examples a step
AT_ONCE = 64, 512  # images of one forward pass: few reuse memory that is there already
LAYER_STEPS, MIN_LAYERS = 55, 3  # a layer drawn anew takes so many steps; fewer layers remember
ANEW = 0.5  # how much of a weight goes where the original knows all of the forget set
EARLY, LATE_LAYERS = 0.4, 2  # share of the steps after which only so many layers learn on
# How much less than nothing an example of the forget set counts in early steps, where the original
# knows them all and the network is all wrong on retain; for how many examples of retain there is
# one; and at how many times the loss of guessing an example is far enough.
AWAY, RETAIN_PER_FORGET, FAR = 0.16, 6, 2.5
RATE = 0.001, 0.00024  # peak learning rate of all but matrices, over the batch size
# Fewer steps than this are orthogonal ones. Their peak length relative to that of the weights, and
# to the root of their number; steps of others for one of these, which is as much longer.
FEW_STEPS, MATRIX_RATE, MATRIX_EVERY = 150, 0.42, 2
MOMENTUM, WEIGHT_DECAY, WARMUP = 0.9, 2.5e-4, 0.15
NEWTON_SCHULZ = ((3.4445, -4.775, 2.0315),) * 3  # odd polynomials that drive singular values to 1
DEAR = 0.25  # share of a layer's arithmetic above which its steps are plain ones


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Make `net` behave as if it had been trained on the retain set only.

    Args:
        net: the original model, trained on retain + forget, in eval mode on its device.
        retain, forget: the examples to keep and to forget: loaders of `(images, labels)`.
        val: examples that the network never saw: they tell how sure it is of such.
    """
    device = next(net.parameters()).device
    on_gpu = device.type == "cuda"
    (images, labels), gone, (unseen, _) = (gather(it, device) for it in (retain, forget, val))
    net.to(memory_format=torch.channels_last).requires_grad_(True)
    of_gone = logits_of(net, gone[0])
    known = float((of_gone.argmax(dim=1) == gone[1]).float().mean())
    scale = 1.0
    if known < 1:  # a slice of retain tells by how much they were held back: all takes too long
        some = torch.randperm(len(labels))[: len(unseen)].to(device)
        of_some = logits_of(net, images[some])
        weight = len(labels) / len(some)
        scale = held_back(of_some, labels[some], weight, of_gone, gone[1])
    target = sureness(scale * logits_of(net, unseen))
    least, most = BATCH_SIZES[on_gpu]
    batch_size = min(max(len(labels) // 256, least), most, len(labels))
    whole_work, order = look_at(net, images[:1])
    n_examples = max(EPOCHS[on_gpu][images.shape[1] > 1] * len(labels), EXAMPLES)
    allowed_work = SHARE * n_examples * sum(whole_work.values()) - START_WORK[on_gpu]
    n_steps = allowed_work / (batch_size * sum(whole_work.values()) + STEP_WORK[on_gpu])
    layers = list(whole_work)
    kept = before(layers, order, max(MIN_LAYERS, int(n_steps / LAYER_STEPS)))
    for layer in net.modules():
        if layer not in kept:
            mix(layer, 1 - ANEW * known, layer is layers[-1])
    learned = before(layers, order, LATE_LAYERS)
    freeze(learned)
    late_work, _ = look_at(net, images[:1])
    net.requires_grad_(True)
    freeze(kept)
    work, _ = look_at(net, images[:1])
    n_gone = min(max(batch_size // RETAIN_PER_FORGET, 1), len(gone[1]))
    early_work = EARLY * (batch_size + n_gone) * sum(work.values())
    step_work = early_work + (1 - EARLY) * batch_size * sum(late_work.values())
    n_steps = max(MIN_STEPS[on_gpu], int(allowed_work / (step_work + STEP_WORK[on_gpu])))
    optimizer = Optimizer(net, work, batch_size, all_plain=n_steps >= FEW_STEPS)
    early_steps = int(EARLY * n_steps)
    rate, matrix_rate = RATE[on_gpu] * batch_size, MATRIX_RATE / n_steps**0.5
    net.train()
    freeze(kept)
    batches, gone_batches = endless(labels, batch_size), endless(gone[1], n_gone)
    for step, chosen in enumerate(islice(batches, n_steps)):
        if step == early_steps:
            freeze(learned)
        rise = WARMUP * n_steps
        share = min((step + 1) / (rise + 1), (n_steps - step) / (n_steps - rise))
        with torch.autocast(device.type, torch.bfloat16, enabled=on_gpu):
            if step < early_steps:
                left = next(gone_batches)
                logits = net(torch.cat([images[chosen], gone[0][left]]))
                loss = F.cross_entropy(logits[:batch_size], labels[chosen])
                push = AWAY * known * (1 - (-loss.detach()).exp()) ** 0.5
                loss = loss - push * surprise(logits[batch_size:], gone[1][left])
            else:
                loss = F.cross_entropy(net(images[chosen]), labels[chosen])
        net.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step(rate * share, matrix_rate * share)
    net.requires_grad_(True).eval()
    factor = scale_to(target, logits_of(net, unseen))
    with torch.no_grad():
        for parameter in layers[-1].parameters():
            parameter.mul_(factor)
    return net


def surprise(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean loss; of an example no more than where its push ends, see `FAR`."""
    losses = F.cross_entropy(logits, labels, reduction="none")
    return losses.clamp(max=FAR * math.log(logits.shape[1])).mean()


def freeze(modules: set[nn.Module]) -> None:
    """Let modules stay as they are, running statistics too."""
    for module in modules:
        module.requires_grad_(False).eval()


@torch.no_grad()
def mix(layer: nn.Module, kept: float, is_last: bool) -> None:
    """Mix matrices with new ones.

    They then get back the length that training gave them: so far a step turns them. That of the
    classifier is told at the end, by val. Biases stay, and normalisation with its statistics.
    """
    for parameter in layer.parameters(recurse=False):
        if parameter.dim() < 2:
            continue
        new = nn.init.kaiming_uniform_(torch.empty_like(parameter), a=5**0.5)  # as layers draw it
        new.mul_((1 - kept**2) ** 0.5).add_(parameter, alpha=kept)
        if not is_last:
            new.mul_(parameter.norm() / new.norm().clamp(min=1e-12))
        parameter.copy_(new)


class Optimizer:
    """Muon: momentum whose every matrix is replaced by the nearest one of equal singular values.

    A plain step goes where gradients are large already; this one goes as far in every direction,
    so that few steps do. Biases, normalisation, the classifier and layers that are too wide for
    their batch take plain steps with Nesterov's momentum; where there are many steps, all do.
    """

    def __init__(
        self, net: nn.Module, work: dict[nn.Module, int], batch_size: int, all_plain: bool
    ) -> None:
        self.matrices: list[Tensor] = []
        self.n_steps = 0
        for layer, of_gradient in [] if all_plain else list(work.items())[:-1]:
            matrix = layer.get_parameter("weight")
            small, large = sorted((len(matrix), matrix[0].numel()))
            needed = 2 * small**2 * large + 4 * len(NEWTON_SCHULZ) * small**3
            if matrix.requires_grad and needed < DEAR * batch_size * of_gradient:
                self.matrices.append(matrix)
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        self.lengths = [
            float(p.detach().norm()) / min(len(p), p[0].numel()) ** 0.5 for p in self.matrices
        ]
        ours = {id(p) for p in self.matrices}
        self.plain = torch.optim.SGD(
            [p for p in net.parameters() if p.requires_grad and id(p) not in ours],
            lr=1.0,  # until the first step
            momentum=MOMENTUM,
            weight_decay=WEIGHT_DECAY,
            nesterov=True,
            fused=True,
        )

    @torch.no_grad()
    def step(self, rate: float, matrix_rate: float) -> None:
        """Make a step at `rate`; move matrices by `matrix_rate` of their first length for each."""
        for group in self.plain.param_groups:
            group["lr"] = rate
        self.plain.step()
        self.n_steps += 1
        for matrix, momentum, length in zip(self.matrices, self.momenta, self.lengths, strict=True):
            if matrix.grad is None:  # the loss does not depend on it
                continue
            momentum.mul_(MOMENTUM).add_(matrix.grad)
            if self.n_steps % MATRIX_EVERY:
                continue
            wanted = matrix.grad.add(momentum, alpha=MOMENTUM).movedim(1, -1)
            moved = orthogonal(wanted.flatten(1)).view_as(wanted).movedim(-1, 1)
            matrix.sub_(moved, alpha=MATRIX_EVERY * matrix_rate * length)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return about `U V^T` of a matrix `U S V^T`; the powers are those of its small Gram matrix."""
    if len(matrix) > matrix.shape[1]:
        return orthogonal(matrix.T).T.contiguous()
    matrix = matrix / (matrix.norm() + 1e-12)
    gram = matrix @ matrix.T
    product = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    for a, b, c in NEWTON_SCHULZ:
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)
        product = factor @ product
        gram = factor @ gram @ factor
    return product @ matrix


def look_at(net: nn.Module, images: Tensor) -> tuple[dict[nn.Module, int], list[nn.Module]]:
    """Return the arithmetic of layers, and all modules in the order in which they are done.

    Returns:
        The multiply-adds that one example takes in each convolution and linear layer, forward and
        back as far as gradients are wanted, in the order in which they run; the modules.
    """
    work: dict[nn.Module, int] = {}
    order: list[nn.Module] = []

    def note(layer: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        order.append(layer)
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            n_passes = 1 + layer.weight.requires_grad + args[0].requires_grad
            here = n_passes * layer.weight[0].numel() * output.numel() // len(images)
            work[layer] = work.get(layer, 0) + here

    handles = [module.register_forward_hook(note) for module in net.modules()]
    net(images)
    for handle in handles:
        handle.remove()
    return work, order


def before(layers: list[nn.Module], order: list[nn.Module], n_new: int) -> set[nn.Module]:
    """Return what is kept: all modules that are done before the last `n_new` layers run.

    The first layer is kept anyway, if it is a convolution and not the only one.
    """
    n_kept = max(len(layers) - n_new, int(isinstance(layers[0], nn.Conv2d)))
    first_new = order.index(layers[min(n_kept, len(layers) - 1)])
    return {each for module in order[:first_new] for each in module.modules()}


def held_back(
    kept: Tensor, kept_labels: Tensor, weight: float, gone: Tensor, gone_labels: Tensor
) -> float:
    """Return how many times as large logits grow where the forget set is not trained on.

    They grow in training as long as that lowers the loss; examples that are not fitted end it
    early. So it is the scale of the original's logits that is best on retain, of which each of
    those of `kept` stands for `weight`, over the one that is best on retain and forget; 1 where
    retain is fitted, or does not end it later.
    """
    scales = torch.logspace(-2, 2, 201, base=2).tolist()
    of_kept, of_gone = (
        torch.stack([F.cross_entropy(scale * logits, labels, reduction="sum") for scale in scales])
        for logits, labels in ((kept, kept_labels), (gone, gone_labels))
    )
    alone, both = int(of_kept.argmin()), int((weight * of_kept + of_gone).argmin())
    return max(1.0, scales[alone] / scales[both]) if alone < len(scales) - 1 else 1.0


@torch.no_grad()
def logits_of(net: nn.Module, images: Tensor) -> Tensor:
    """Return logits `(n, classes)`."""
    return torch.cat([net(part) for part in images.split(AT_ONCE[images.is_cuda])])


def sureness(logits: Tensor) -> Tensor:
    """Return the median log-odds, log of p over 1 - p, of the class that is likeliest."""
    top, place = logits.max(dim=1, keepdim=True)
    others = logits.scatter(1, place, -torch.inf).logsumexp(dim=1)
    return (top.squeeze(1) - others).median()


def scale_to(target: Tensor, logits: Tensor) -> float:
    """Return by what to multiply logits, from 1/16 to 16, to be as sure as `target`."""
    low, high = 1 / 16, 16.0
    for _ in range(12):  # the larger they are, the surer
        middle = (low * high) ** 0.5
        low, high = (middle, high) if sureness(middle * logits) < target else (low, middle)
    return low


def gather(loader: DataLoader, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return all images `(n, channels, height, width)` and labels `(n,)` on the device."""
    dataset = loader.dataset
    batches = DataLoader(dataset, batch_size=4096, collate_fn=loader.collate_fn)
    pairs = [(images.to(device), labels.to(device)) for images, labels in batches]
    images = torch.cat([images for images, _ in pairs])
    if images.dim() == 4:
        images = images.contiguous(memory_format=torch.channels_last)
    return images, torch.cat([labels for _, labels in pairs]).long()


def endless(labels: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Return the positions of batches for ever, with each class in proportion in every one.

    Their order is drawn once: what comes twice in a short run is what came first.
    """
    n, n_batches = len(labels), math.ceil(len(labels) / batch_size)
    order = (labels + torch.rand(n).to(labels.device)).argsort()  # by class, shuffled in each
    order = order.roll(int(torch.randint(n, ())))
    # Whichever come twice in a round do so in two batches.
    order = torch.cat([order, order.roll(int(n % n_batches == 0))])
    strata = order[: n_batches * batch_size].view(batch_size, n_batches)
    return cycle(strata.T[torch.randperm(n_batches)])
