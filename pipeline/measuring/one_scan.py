"""Measure one scan: read, measure, and what there is to write about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from features.errors import ScanError
from features.imaging.measuring.measurement import Measurement, measure_lesions
from features.imaging.reading.open_files import open_mask, open_scan
from features.imaging.results import (
    choose_mass_factor,
    lesion_rows,
    pseudonym,
    record,
    scan_totals,
)
from features.imaging.scan import Scan
from pipeline.measuring.request import MeasuringRequest, ScanFiles


@dataclass(frozen=True)
class MeasuredScan:
    """``lesions``: a row each; ``totals``: one row of dictionary variables by patient_id;
    ``about``: the record that becomes the sidecar.
    """

    scan: Scan
    measured: Measurement
    lesions: pd.DataFrame
    totals: pd.DataFrame
    about: dict[str, Any]

    @property
    def by_variable(self) -> dict[str, float]:
        """The totals by dictionary variable."""
        return {str(name): float(value) for name, value in self.totals.iloc[0].items()}


def measure_scan(files: ScanFiles, request: MeasuringRequest) -> MeasuredScan:
    """Measure the lesions of a scan by its mask. Raises ScanError or ConfigError."""
    rules = request.rules
    if request.said.hu_factor is not None:
        rules = replace(rules, hu_factor=request.said.hu_factor)
    scan = open_scan(files.scan, request.said)
    mask, kind = open_mask(files.mask, scan, request.labels)
    factor = choose_mass_factor(scan.acquisition, request.said)
    measured = measure_lesions(scan, mask, rules, factor[0])
    patient_id = _patient_id(files, scan)
    warnings = (*scan.warnings, *mask.warnings, *_notes(measured, bool(mask.labels.any())))
    return MeasuredScan(
        scan,
        measured,
        lesion_rows(measured, patient_id),
        scan_totals(measured, patient_id),
        record(scan, measured, rules, kind, factor, warnings),
    )


def _notes(measured: Measurement, outlined: bool) -> list[str]:
    notes = []
    if not outlined:
        notes.append("the mask outlines nothing: the score is 0 if that is meant")
    small = sum(measured.not_counted_mm3.values())
    if small:
        notes.append(f"{small:.2f} mm3 lie in components too small to be scored; in no row or sum")
    return notes


def _patient_id(files: ScanFiles, scan: Scan) -> str:
    if files.patient_id is not None:
        return files.patient_id
    if not files.patient_from_dicom:
        return pseudonym(scan)
    if not scan.acquisition.patient_id:
        raise ScanError("the scan has no PatientID. Give one with --patient")
    return scan.acquisition.patient_id
