"""KLoM, the divergence of histograms of margins, and what it does not see: spread and outliers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_banks

N_BINS = 20
CLIP = 100.0
MIN_PROBABILITY = 1e-5
MAX_JEFFREYS = 100.0


def klom(unlearned: ArrayLike, oracle: ArrayLike) -> FloatArray:
    """Return KL(unlearned || oracle) of the histograms over models, for each example.

    Margins (logit-scaled confidences) are clipped to +-100 and put into 20 equal bins over the
    range that both banks of the example span. An empty bin of the oracles counts as 1e-5, which
    caps the divergence at log(1e5) = 11.5. It is not 0 between two banks of oracles: read it beside
    the control's.

    Lower is not always better. A bank of smaller spread stays inside the oracles' bins and pays
    nothing for those that it leaves empty; an outlier in either bank stretches the bins until all
    others share a few. Both can come below what a second bank of oracles gets: read
    `jeffreys_divergence` beside it.

    Public implementations differ in the direction, of which this is the paper's, and lose the
    largest value, which their binning puts behind the last bin. Here the last bin includes its
    upper edge. All values equal gives 0.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.

    Returns:
        float64 `(n_examples,)` in `[0, 11.52)`, in nats; lower is better. Usual summaries are the
        mean and the 95th percentile over examples, for forget, retain and validation set apart.

    Raises:
        ValueError: a bank is malformed.

    Reference:
        Georgiev et al. 2024, "Attribute-to-Delete", appendix E.1 (arXiv 2410.23232).
    """
    banks = [np.clip(bank, -CLIP, CLIP) for bank in check_banks(unlearned, oracle)]
    low = np.minimum(banks[0].min(axis=0), banks[1].min(axis=0))
    high = np.maximum(banks[0].max(axis=0), banks[1].max(axis=0))
    edges = np.linspace(low, np.where(high > low, high, low + 1.0), N_BINS + 1)
    share, oracle_share = (_histogram(bank, edges) for bank in banks)
    floored = np.maximum(oracle_share, MIN_PROBABILITY)
    terms = np.where(share > 0, share, 1.0) / floored
    return np.asarray((share * np.log(terms)).sum(axis=0), dtype=np.float64)


def jeffreys_divergence(unlearned: ArrayLike, oracle: ArrayLike) -> FloatArray:
    """Return KL(u || o) + KL(o || u) of normal laws u and o with the banks' means and spreads.

    With d the difference of the means and s, t the standard deviations, `(s^2/t^2 + t^2/s^2) / 2
    - 1 + d^2 (1/s^2 + 1/t^2) / 2`. It has no bins, and both directions: runs that are too much
    alike, or too little, or far off now and then, cost whatever the rest does. It does not see the
    shape of a law, such as a hole in the middle; KLoM does.

    Between two banks of oracles with normal confidences it is about `4 / n_models` on average.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.

    Returns:
        float64 `(n_examples,)` in `[0, 100]`, in nats, cut at 100; lower is better. An example
        on which one bank has no spread gets 100, unless neither has any and the means are equal.

    Raises:
        ValueError: a bank is malformed.

    Reference:
        Jeffreys 1946, "An invariant form for the prior probability in estimation problems".

    Example:
        >>> float(jeffreys_divergence([[0.0], [2.0]], [[1.0], [3.0]])[0])
        0.5
    """
    banks = check_banks(unlearned, oracle)
    # A range of 0 is exact where the variance of equal numbers may round to 1e-34.
    first, second = (np.where(np.ptp(b, axis=0) > 0, b.var(axis=0, ddof=1), 0.0) for b in banks)
    squared_difference = np.square(banks[0].mean(axis=0) - banks[1].mean(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (first / second + second / first) / 2.0 - 1.0
        mean = squared_difference * (1.0 / first + 1.0 / second) / 2.0
    # 0/0 and 0 times infinity arise only where a bank has no spread.
    equal = (first == second) & (squared_difference == 0)
    total = np.where(np.minimum(first, second) > 0, spread + mean, np.inf)
    return np.asarray(np.minimum(np.where(equal, 0.0, total), MAX_JEFFREYS))


def _histogram(bank: FloatArray, edges: FloatArray) -> FloatArray:
    """Return `(n_bins, n_examples)` shares of the models in each bin, the last one closed."""
    inner_edges_passed = np.zeros(bank.shape, dtype=np.int64)
    for edge in edges[1:-1]:
        inner_edges_passed += bank >= edge
    n_examples = bank.shape[1]
    coded = inner_edges_passed * n_examples + np.arange(n_examples)
    counts = np.bincount(coded.ravel(), minlength=N_BINS * n_examples)
    return np.divide(counts.reshape(N_BINS, n_examples), bank.shape[0])
