"""`bench gpu --all`: everything to know of a GPU in stages, which go on where a call was ended.

`plan` says what is measured and how small it may be, `work` does one stage, `apart` gives it a
process and a time limit, `runner` goes from stage to stage, `state` keeps what came of each, and
`report` makes one report of it.
"""

from __future__ import annotations

from scorer.bench.gpu_stages.everything import measure_everything
from scorer.bench.gpu_stages.plan import LIMIT_S, ROUNDS, Plan

__all__ = ["LIMIT_S", "ROUNDS", "Plan", "measure_everything"]
