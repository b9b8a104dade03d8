"""What a task is, before any data are read."""

from __future__ import annotations

from dataclasses import dataclass

from scorer.training.recipe import Recipe


@dataclass(frozen=True)
class TaskDefinition:
    """A task as it is declared.

    Attributes:
        name: what a user types.
        summary: one line for lists.
        dataset: a name that `data_prep.load_raw` knows.
        recipe: how its models are trained.
        n_val: examples that a submission may look at besides retain and forget.
        n_test: held out for utility; None where the data set has an official test set.
        n_forget_hard: forget examples with the lowest out-of-sample confidence.
        n_forget_random: forget examples drawn at random from the rest, stratified by class.
        n_difficulty_models: models trained on random halves to measure that confidence; 0 with
            `n_forget_hard` 0.
        starting_kit_forget_set: split seed 0 takes the forget set of the challenge's starting kit.
        timeout_s: wall time after which a run of a submission counts as hung.
    """

    name: str
    summary: str
    dataset: str
    recipe: Recipe
    n_val: int
    n_test: int | None
    n_forget_hard: int
    n_forget_random: int
    n_difficulty_models: int
    starting_kit_forget_set: bool
    timeout_s: float

    def __post_init__(self) -> None:
        if (self.n_forget_hard > 0) != (self.n_difficulty_models > 0):
            raise ValueError(
                "`n_difficulty_models` must be positive exactly where `n_forget_hard` is, got"
                f" {self.n_difficulty_models} and {self.n_forget_hard}"
            )
