"""A record to vary."""

from __future__ import annotations

from typing import Any

from scorer.results.record import Record

ACCURACY = {"retain": 1.0, "forget": 0.8, "val": 0.9, "test": 0.95}


def make_record(method: str = "finetune", **changes: Any) -> Record:
    """Return a plausible record with some fields changed."""
    values: dict[str, Any] = {
        "method": method,
        "method_path": f"baselines/{method}.py",
        "method_sha256": "a" * 64,
        "task": "digits",
        "split_seed": 0,
        "fingerprint": "f" * 64,
        "engine_id": "cpu-loop-float32-torch2.14.1",
        "n_models": 64,
        "rule": "competition",
        "delta": 1e-5,
        "design": "reuse-1",
        "sandbox": "process",
        "forgetting_quality": 0.05,
        "forgetting_quality_se": 0.004,
        "ceiling": 0.19,
        "ceiling_se": 0.02,
        "floor": 0.0,
        "final_score": 0.05,
        "final_score_se": 0.004,
        "ceiling_final_score": 0.19,
        "ceiling_final_score_se": 0.02,
        "floor_final_score": 0.0,
        "relative_score": 0.26,
        "relative_score_se": 0.03,
        "permutation_p_value": 0.01,
        "accuracy": ACCURACY,
        "oracle_accuracy": ACCURACY,
        "control_accuracy": ACCURACY,
        "original_accuracy": ACCURACY,
        "strata": {
            "hard": {
                "n_examples": 65,
                "forgetting_quality": 0.01,
                "ceiling": 0.18,
                "floor": 0.0,
            }
        },
        "diagnosis": {
            "mean_bias": 1.5,
            "mean_rms": 2.0,
            "log_spread_bias": -0.5,
            "log_spread_rms": 0.6,
            "n_without_spread": 0,
            "n_oracles_without_spread": 0,
            "n_undecided": 0,
        },
        "klom": {
            f"{name}{suffix}": 1.0
            for name in ("forget", "retain", "val")
            for suffix in ("", "_ceiling")
        },
        "certified": {"share_positive": 0.4},
        "time_ratio": 0.15,
        "time_ratio_se": 0.01,
        "within_budget": True,
        "budget": 0.2,
        "elapsed_s": 0.1,
        "retraining_s": 0.7,
        "peak_mib": 400.0,
        "faults": [],
        "provenance": {
            "environment": {
                "python": "3.11.7",
                "torch": "2.14.1",
                "numpy": "2.4.6",
                "device_name": "cpu",
            }
        },
        "run_id": f"run-{method}",
        "created_at": "2026-01-01T00:00:00+00:00",
    }
    return Record(**{**values, **changes})
