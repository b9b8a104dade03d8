"""Jeffreys divergence of mean and spread by set: what KLoM beside it does not see."""

from __future__ import annotations

from scorer.measures._by_set import measure_by_set
from scorer.metric.klom import jeffreys_divergence

MEASURE = measure_by_set(
    "jeffreys",
    "divergence of mean and spread of the margins over models, in both directions",
    jeffreys_divergence,
    about="KL divergence in both directions between normal laws of the models' and of the oracles'"
    " mean and spread on {}, 95th percentile over examples, in [0, 100]",
    line="Jeffreys of mean and spread on {}, p95 (ceiling)",
)
