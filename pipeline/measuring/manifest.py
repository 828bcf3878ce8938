"""The manifest of many scans: scan, mask, patient and date, a line each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.errors import ConfigError
from pipeline.measuring.request import ScanFiles

COLUMNS = ("scan", "mask", "patient", "date")


@dataclass(frozen=True)
class ManifestLine:
    """``line``: of the file, the header being line 1; ``date``: None where it cannot be read."""

    line: int
    files: ScanFiles
    date: pd.Timestamp | None


def read_manifest(file: Path) -> list[ManifestLine]:
    """The lines of a manifest; paths are taken from its folder.

    Raises ConfigError where it cannot be read, lacks a column or holds no scan.
    """
    try:
        table = pd.read_csv(file, dtype="str", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read as CSV ({type(error).__name__})") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ConfigError(f"{file}: has no column {', '.join(missing)}")
    if table.empty:
        raise ConfigError(f"{file}: holds no scan")
    read = pd.to_datetime(table["date"].str.strip(), format="%Y-%m-%d", errors="coerce")
    dates = [None if missing else date for missing, date in zip(read.isna(), read, strict=True)]
    return [
        ManifestLine(
            position + 2,
            ScanFiles(file.parent / str(scan), file.parent / str(mask), str(patient).strip()),
            date,
        )
        for position, (scan, mask, patient, date) in enumerate(
            zip(table["scan"], table["mask"], table["patient"], dates, strict=True)
        )
    ]
