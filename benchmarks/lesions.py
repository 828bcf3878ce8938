"""How long a scan of 512 x 512 x 60 takes to read and to measure, and how much memory.

    python -m benchmarks.lesions

Writes a synthetic series and its SEG to a temporary folder; prints the median of five runs, each
in a process of its own, and the greatest memory of any.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHAPE = (60, 512, 512)
RUNS = 5


def make_scan(folder: Path) -> tuple[Path, Path]:
    """A series of noisy tissue with 40 calcified balls, and the SEG of them in four vessels."""
    from tests.features.imaging.written import series_of, write_seg, write_series

    rng = np.random.default_rng(11)
    hu = rng.normal(40, 20, SHAPE).round()
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    segments = {}
    for number, vessel in enumerate(("LM", "LAD", "LCX", "RCA")):
        mask = np.zeros(SHAPE, dtype=bool)
        for _ in range(10):
            at = rng.integers((5, 130 + 70 * number, 150), (55, 170 + 70 * number, 350))
            ball = ((z - at[0]) * 4) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 <= 64
            hu[ball] += rng.uniform(100, 900)
            mask |= ball
        segments[vessel] = mask
    slices = series_of(hu, pixel=(0.4, 0.4))
    ct = write_series(folder / "ct", slices)
    return ct, write_seg(folder / "mask.dcm", slices, segments)


def run_once(ct: Path, mask: Path) -> dict[str, float]:
    """Seconds of reading and measuring, of CPU in all, and peak memory in MiB, of this process."""
    from features.imaging.measuring.measurement import measure_lesions
    from features.imaging.measuring.rules import MeasuringRules
    from features.imaging.reading.declaration import Declaration
    from features.imaging.reading.open_files import open_mask, open_scan

    started, cpu = time.perf_counter(), time.process_time()
    scan = open_scan(ct, Declaration())
    vessels, _ = open_mask(mask, scan, None)
    read = time.perf_counter()
    measured = measure_lesions(scan, vessels, MeasuringRules())
    done = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "read_s": read - started,
        "measure_s": done - read,
        "cpu_s": time.process_time() - cpu,
        "memory_mib": memory,
        "lesions": len(measured.lesions),
    }


def main() -> None:
    """Print what five runs took."""
    if len(sys.argv) == 3:
        print(json.dumps(run_once(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as folder:
        ct, mask = make_scan(Path(folder))
        command = [sys.executable, "-m", "benchmarks.lesions", str(ct), str(mask)]
        runs = [json.loads(subprocess.check_output(command)) for _ in range(RUNS)]
    for name in ("read_s", "measure_s", "cpu_s", "memory_mib", "lesions"):
        values = sorted(run[name] for run in runs)
        print(f"{name:12} median {values[RUNS // 2]:.2f}, worst {values[-1]:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
