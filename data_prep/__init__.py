"""Raw data to arrays, splits and forget sets, with a check for leaks between the sets.

    raw = load_raw("digits", "data")
    parts = partition(raw, n_val=200, n_test=297, split_seed=0)
    split = choose_forget(parts, raw.labels, None, n_hard=0, n_random=130, split_seed=0)
    check_no_leak(raw.images, split)

Knows arrays, not models: the confidences behind `difficulty` are made elsewhere.
"""

from __future__ import annotations

from data_prep.difficulty import half_masks, out_of_sample_mean
from data_prep.leakage import check_no_leak
from data_prep.own import is_folder
from data_prep.raw import DamagedData, MissingData, RawData
from data_prep.registry import DATASETS, load_raw, variant_of
from data_prep.seeding import random_order, random_words
from data_prep.sets import LeakError, Partition, Split
from data_prep.splits import choose_forget, forget_given, partition
from data_prep.subjects import forget_subjects

__all__ = [
    "DATASETS",
    "DamagedData",
    "LeakError",
    "MissingData",
    "Partition",
    "RawData",
    "Split",
    "check_no_leak",
    "choose_forget",
    "forget_given",
    "forget_subjects",
    "half_masks",
    "is_folder",
    "load_raw",
    "out_of_sample_mean",
    "partition",
    "random_order",
    "random_words",
    "variant_of",
]
