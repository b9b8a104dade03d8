"""KLoM: divergence of histograms of margins, as an independent view beside epsilon."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_banks

N_BINS = 20
CLIP = 100.0
MIN_PROBABILITY = 1e-5


def klom(unlearned: ArrayLike, oracle: ArrayLike) -> FloatArray:
    """Return KL(unlearned || oracle) of the histograms over models, for each example.

    Margins (logit-scaled confidences) are clipped to +-100 and put into 20 equal bins over the
    range that both banks of the example span. An empty bin of the oracles counts as 1e-5, which
    caps the divergence at log(1e5) = 11.5. It is not 0 between two banks of oracles: read it beside
    the control's.

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


def _histogram(bank: FloatArray, edges: FloatArray) -> FloatArray:
    """Return `(n_bins, n_examples)` shares of the models in each bin, the last one closed."""
    inner_edges_passed = np.zeros(bank.shape, dtype=np.int64)
    for edge in edges[1:-1]:
        inner_edges_passed += bank >= edge
    n_examples = bank.shape[1]
    coded = inner_edges_passed * n_examples + np.arange(n_examples)
    counts = np.bincount(coded.ravel(), minlength=N_BINS * n_examples)
    return np.divide(counts.reshape(N_BINS, n_examples), bank.shape[0])
