"""Time and memory of reading an ndjson export of any size: `python -m benchmarks.health_records`.

The export is written type by type, as bulk exports come, so that what belongs to one patient lies
far apart.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from features.intake.fhir.reader import FhirExport
from tests.features.intake.fhir.records import (
    RXNORM,
    SNOMED,
    blood_pressure,
    concept,
    condition,
    observation,
    patient,
    request,
)

DAY = date(2020, 6, 29)


def write_export(path: Path, n_patients: int) -> None:
    """Seven resources for each of ``n_patients``."""
    kinds = [
        patient("PATIENT"),
        blood_pressure(120, 80),
        observation("2089-1", 100, "mg/dL"),
        observation("2085-9", 40, "mg/dL"),
        observation("4548-4", 5.5, "%"),
        condition(SNOMED, "44054006"),
        request(concept(RXNORM, "0", "atorvastatin 40 MG Oral Tablet")),
    ]
    with path.open("w", encoding="utf-8") as file:
        for kind in kinds:
            line = json.dumps(kind).replace("Patient/p1", "Patient/PATIENT") + "\n"
            for number in range(n_patients):
                file.write(line.replace("PATIENT", f"patient-{number:09d}"))


def measure(path: Path) -> None:
    """Print processor seconds and peak memory of this process for one export."""
    started = time.process_time()
    export = FhirExport(path, DAY)
    n_patients = sum(len(batch.frame) for batch in export.batches())
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = path.stat().st_size / 1e6
    sys.stdout.write(
        f"| {n_patients:,} | {size:,.0f} MB | {done - started:.1f} s | {peak:.0f} MiB |\n"
    )


def main() -> None:
    """Measure exports of several sizes, each in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000, 400_000])
    parser.add_argument("--export", type=Path)
    chosen = parser.parse_args()
    if chosen.export is not None:
        measure(chosen.export)
        return
    sys.stdout.write("| patients | export | processor time | peak memory |\n")
    sys.stdout.write("|---|---|---|---|\n")
    sys.stdout.flush()
    for n_patients in chosen.patients:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export.ndjson"
            write_export(path, n_patients)
            command = [sys.executable, "-m", "benchmarks.health_records", "--export", str(path)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
