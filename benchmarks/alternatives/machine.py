"""What a cell ran on, so that times are only ever compared within one machine."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def describe_machine() -> str:
    """Processor, cores, memory, system, Python, numpy and pandas, in one line."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return ", ".join(
        [
            _processor(),
            f"{os.cpu_count()} cores",
            f"{pages / 2**30:.0f} GiB",
            platform.system(),
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in ("numpy", "pandas")),
        ]
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
