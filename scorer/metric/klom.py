"""KLoM: divergence of histograms of margins, as an independent view beside epsilon."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_banks

Direction = Literal["unlearned_from_oracle", "oracle_from_unlearned"]

N_BINS = 20
CLIP = 100.0
MIN_PROBABILITY = 1e-5


def klom(
    unlearned: ArrayLike,
    oracle: ArrayLike,
    *,
    direction: Direction = "unlearned_from_oracle",
) -> FloatArray:
    """Return the KL divergence between the histograms over models, for each example.

    Margins (logit-scaled confidences) are clipped to +-100 and put into 20 equal bins over the
    range that both banks of the example span. An empty bin of the reference counts as 1e-5, which
    caps the divergence at log(1e5) = 11.5. It is not 0 between two banks of oracles: read it beside
    the control's.

    Public implementations differ in the direction and lose the largest value, which their binning
    puts behind the last bin. Here the last bin includes its upper edge, and the direction has a
    name. All values equal gives 0.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        direction: "unlearned_from_oracle" for KL(unlearned || oracle), the paper's; or
            "oracle_from_unlearned" for KL(oracle || unlearned).

    Returns:
        float64 `(n_examples,)` in `[0, 11.52)`, in nats; lower is better. Usual summaries are the
        mean and the 95th percentile over examples, for forget, retain and validation set apart.

    Raises:
        ValueError: a bank is malformed, or the direction unknown.

    Reference:
        Georgiev et al. 2024, "Attribute-to-Delete", appendix E.1 (arXiv 2410.23232).
    """
    if direction not in get_args(Direction):
        known = ", ".join(get_args(Direction))
        raise ValueError(f"`direction` must be one of {known}, got {direction!r}")
    banks = [np.clip(bank, -CLIP, CLIP) for bank in check_banks(unlearned, oracle)]
    if direction == "oracle_from_unlearned":
        banks.reverse()
    low = np.minimum(banks[0].min(axis=0), banks[1].min(axis=0))
    high = np.maximum(banks[0].max(axis=0), banks[1].max(axis=0))
    edges = np.linspace(low, np.where(high > low, high, low + 1.0), N_BINS + 1)
    probability, reference = (_histogram(bank, edges) for bank in banks)
    floored = np.maximum(reference, MIN_PROBABILITY)
    terms = np.where(probability > 0, probability, 1.0) / floored
    return np.asarray((probability * np.log(terms)).sum(axis=0), dtype=np.float64)


def _histogram(bank: FloatArray, edges: FloatArray) -> FloatArray:
    """Return `(n_bins, n_examples)` shares of the models in each bin, the last one closed."""
    inner_edges_passed = np.zeros(bank.shape, dtype=np.int64)
    for edge in edges[1:-1]:
        inner_edges_passed += bank >= edge
    n_examples = bank.shape[1]
    coded = inner_edges_passed * n_examples + np.arange(n_examples)
    counts = np.bincount(coded.ravel(), minlength=N_BINS * n_examples)
    return np.divide(counts.reshape(N_BINS, n_examples), bank.shape[0])
