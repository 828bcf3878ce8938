"""What is asked for: rules, declarations and files of a measurement."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from features.imaging.measuring.rules import MeasuringRules
from features.imaging.reading.declaration import Declaration
from pipeline.files.destinations import existing


@dataclass(frozen=True)
class MeasuringRequest:
    """How scans are read and measured. ``labels``: file of label names; ``picture``: draw one.

    ``covariates``: a table by patient_id that the totals are joined to.
    """

    rules: MeasuringRules = field(default_factory=MeasuringRules)
    said: Declaration = field(default_factory=Declaration)
    labels: Path | None = None
    picture: bool = True
    covariates: Path | None = None

    def reads(self, *files: Path | None) -> tuple[Path, ...]:
        """What is read of these and of the files that are named here: no output takes its place."""
        return existing(*files, self.labels, self.covariates)


@dataclass(frozen=True)
class ScanFiles:
    """A scan and its mask. ``patient_id``: None for a name made from the series."""

    scan: Path
    mask: Path
    patient_id: str | None = None
    patient_from_dicom: bool = False
