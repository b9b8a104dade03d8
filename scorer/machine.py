"""What machine this is: cores, processor, versions."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path
from typing import Any

from scorer.limits import n_cores

CPU_INFO = Path("/proc/cpuinfo")

DISTRIBUTION = "unlearning-scorer"


def kit_version() -> str:
    """Return the version of the kit as it is installed; of a bare copy of its folders "unknown"."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def machine(device: str) -> dict[str, Any]:
    """Return where a number was measured: device, processors, versions.

    Args:
        device: "cpu", or whatever else stands for the GPU.
    """
    import numpy as np
    import torch

    return {
        "device": device,
        "device_name": processor_name() if device == "cpu" else torch.cuda.get_device_name(),
        "cores": n_cores(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.system(),
    }


def processor_name(cpu_info: Path = CPU_INFO) -> str:
    """Return the processor's name as the system tells it, else its kind."""
    if cpu_info.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpu_info.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()
