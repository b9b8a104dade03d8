"""Pairs of banks that a rule has to get right, drawn from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Banks = tuple[np.ndarray, np.ndarray]
Draw = Callable[[np.random.Generator, tuple[int, int]], Banks]


def _bimodal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.normal(size=shape) + np.where(rng.random(shape) < 0.4, 4.0, -3.0)


def _normal(mean: float, sd: float, oracle_sd: float = 1.0, *, decimals: int | None = None) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Banks:
        banks = rng.normal(mean, sd, shape), rng.normal(0.0, oracle_sd, shape)
        if decimals is None:
            return banks
        return banks[0].round(decimals), banks[1].round(decimals)

    return draw


def _duplicated(rng: np.random.Generator, shape: tuple[int, int]) -> Banks:
    bank = rng.normal(0.0, 2.0, shape)
    drawn = rng.integers(shape[0], size=(2, shape[0]))
    return bank[drawn[0]], bank[drawn[1]]


KINDS: dict[str, Draw] = {
    "same law": _normal(0.0, 1.0),
    "wide": _normal(0.0, 8.0, 8.0),
    "narrow": _normal(0.0, 0.1, 0.1),
    "shifted up": _normal(1.0, 1.0),
    "shifted down": _normal(-2.0, 1.0),
    "half the spread": _normal(0.0, 0.5),
    "three times the spread": _normal(0.3, 3.0),
    "nearly degenerate": _normal(0.0, 0.05, 1.0),
    "bimodal": lambda rng, shape: (_bimodal(rng, shape), _bimodal(rng, shape)),
    "bimodal against normal": lambda rng, shape: (_bimodal(rng, shape), rng.normal(0, 3, shape)),
    "heavy tails": lambda rng, shape: (rng.standard_t(2, shape), rng.standard_t(2, shape)),
    "skewed": lambda rng, shape: (rng.exponential(2, shape), -rng.exponential(2, shape)),
    "rounded to 0.01": _normal(0.2, 1.0, decimals=2),
    "rounded to 0.1": _normal(0.0, 1.5, decimals=1),
    "integers": _normal(0.5, 2.0, 2.0, decimals=0),
    "peaky": _normal(0.0, 1e-3, 1e-3),
    "both peaky, apart": _normal(0.01, 1e-3, 1e-3),
    "one peaky": _normal(0.0, 1e-3, 1.0),
    "separated": _normal(9.0, 1.0),
    "separated, other way": _normal(-9.0, 1.0, 2.0),
    "resampled": _duplicated,
    "one constant": lambda rng, shape: (np.zeros(shape), rng.normal(size=shape)),
    "constant, apart": lambda rng, shape: (np.zeros(shape), np.full(shape, 1.5)),
    "constant, close": lambda rng, shape: (np.zeros(shape), np.full(shape, 0.004)),
    "constant, equal": lambda rng, shape: (np.ones(shape), np.ones(shape)),
    "far from 0": _normal(103.0, 2.0, 110.0),
}
