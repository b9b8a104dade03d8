"""KLoM: divergence of histograms of margins by set, as an independent view beside epsilon."""

from __future__ import annotations

from scorer.measures._by_set import measure_by_set
from scorer.metric.klom import klom

MEASURE = measure_by_set(
    "klom",
    "divergence of the histograms of margins over models",
    klom,
    about="KL divergence from the oracles on {}, 95th percentile over examples; too small a spread"
    " and outliers lower it: read `jeffreys` beside it",
    line="KLoM on {}, p95, misses small spread (ceiling)",
)
