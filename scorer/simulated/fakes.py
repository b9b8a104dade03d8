"""Unlearned models that are not what oracles are, each in one way, to see what notices it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.simulated.banks import normal_bank

OUTLIER = 8.0
LEAK = 3.0
COIN = 0.7


class Fake(NamedTuple):
    """A way to be unlike oracles of the law `normal_bank`.

    Attributes:
        name: what was done.
        make: returns unlearned models, from a source of randomness, fresh oracles and the oracles
            that they will be compared with.
    """

    name: str
    make: Callable[[np.random.Generator, FloatArray, FloatArray], FloatArray]


def affine(name: str, bias: float, spread: float = 1.0) -> Fake:
    """Return fresh oracles of another mean and spread."""
    return Fake(name, lambda rng, fresh, oracle: bias + spread * fresh)


def some_runs_off(name: str, share: float, bias: float) -> Fake:
    """Return fresh oracles of which a share, at least one, is off by a bias on all examples."""

    def make(rng: np.random.Generator, fresh: FloatArray, oracle: FloatArray) -> FloatArray:
        is_off = np.arange(len(fresh)) < max(1, round(share * len(fresh)))
        return fresh + bias * is_off[:, np.newaxis]

    return Fake(name, make)


def copies(name: str, times: int, noise: float = 0.0) -> Fake:
    """Return every model of fewer fresh oracles several times, with independent noise."""

    def make(rng: np.random.Generator, fresh: FloatArray, oracle: FloatArray) -> FloatArray:
        repeated = np.repeat(fresh[: len(fresh) // times], times, axis=0)
        return np.asarray(repeated + noise * rng.normal(size=fresh.shape))

    return Fake(name, make)


def other_share(name: str, rho: float) -> Fake:
    """Return models of the right law on each example, and another effect common to all."""
    return Fake(name, lambda rng, fresh, oracle: normal_bank(rng, *fresh.shape, rho=rho))


def coin(name: str, bias: float, *, by_example: bool = False) -> Fake:
    """Return runs of two algorithms of opposite bias, of the right mean and variance together.

    `by_example` gives the bias of the first algorithm a sign of its own on each example.
    """

    def make(rng: np.random.Generator, fresh: FloatArray, oracle: FloatArray) -> FloatArray:
        n_models, n_examples = fresh.shape
        side = rng.choice([-1.0, 1.0], (n_models, 1))
        sign = rng.choice([-1.0, 1.0], n_examples) if by_example else np.ones(n_examples)
        return np.asarray(bias * side * sign + (1.0 - bias**2) ** 0.5 * fresh)

    return Fake(name, make)


def _with_hole(rng: np.random.Generator, fresh: FloatArray, oracle: FloatArray) -> FloatArray:
    """Return fresh oracles, drawn again wherever they are within half a deviation of the mean."""
    bank = fresh.copy()
    while (inside := np.abs(bank) < 0.5).any():
        bank[inside] = rng.normal(size=np.count_nonzero(inside))
    return bank


def _noise_about_oracles(
    rng: np.random.Generator, fresh: FloatArray, oracle: FloatArray
) -> FloatArray:
    """Return the mean of the very oracles and independent noise of their spread."""
    return np.asarray(oracle.mean(axis=0) + rng.normal(size=fresh.shape))


NOTHING = affine("nothing: fresh oracles", 0.0)

FAKES = [
    NOTHING,
    affine("bias 0.5", 0.5),
    affine("bias 1", 1.0),
    affine("spread 0.7", 0.0, 0.7),
    Fake("hole in the middle", _with_hole),
    some_runs_off("one outlier run", 0.0, OUTLIER),
    some_runs_off("outliers in 5 % of runs", 0.05, OUTLIER),
    some_runs_off("leak in 20 % of runs", 0.2, LEAK),
    coin("two algorithms by coin, bias 0.7", COIN),
    coin("the same, signs by example", COIN, by_example=True),
    copies("8 models 8 times", 8),
    copies("32 models twice", 2),
    copies("8 models 8 times, noise 0.3", 8, 0.3),
    copies("one model with noise 0.3", 64, 0.3),
    other_share("independent over examples", 0.0),
    other_share("rho 0.9", 0.9),
    Fake("the oracles' mean, independent noise", _noise_about_oracles),
]
