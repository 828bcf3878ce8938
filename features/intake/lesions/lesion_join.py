"""Lesions joined to their patients: a patient without any is not thereby free of calcium."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.errors import CohortError
from features.intake.cells.conversion import Reading
from features.intake.files.raw_table import RawTable
from features.intake.lesions.lesion_summary import summarise_lesions
from features.intake.lesions.lesion_table import read_lesion_table
from features.intake.validation.findings import Findings

_COUNTS = ("lesion_count", "vessel_count", "spotty_lesion_count", "sheet_lesion_count")
_SUMS = ("cac_agatston", "cac_volume", "cac_mass")


@dataclass(frozen=True)
class PatientLesions:
    """``sums``: what `summarise_lesions` gives, by patient; ``file``: the table they come from.

    ``absent_is_none``: the map says that whoever has no lesion in the table has no calcium.
    ``notes``: what a person should know of the table, a sentence each.
    """

    sums: pd.DataFrame
    file: str
    absent_is_none: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, raw: RawTable, cohort_map: CohortMap, reading: Reading, findings: Findings
    ) -> PatientLesions | None:
        """The lesions of every patient of the table; None where it has faults, which are found."""
        table = read_lesion_table(raw, cohort_map, reading, findings)
        if table is None or cohort_map.lesions is None:
            return None
        return cls(summarise_lesions(table), raw.name, cohort_map.lesions.absent_is_none)

    @classmethod
    def require(cls, raw: RawTable, cohort_map: CohortMap, reading: Reading) -> PatientLesions:
        """What `read` gives; raises CohortError with all faults of the table."""
        findings = Findings()
        lesions = cls.read(raw, cohort_map, reading, findings)
        if lesions is None:
            raise CohortError(findings.problems, raw.name)
        return replace(lesions, notes=tuple(f"{raw.name}: {one}" for one in findings.warnings))

    def join(
        self, covariates: pd.DataFrame, identifiers: pd.Series, findings: Findings
    ) -> pd.DataFrame:
        """The covariates with what these patients' lesions add; a value that is there stays.

        A patient without a lesion in the table has none where the main file's score is zero or the
        map says so; else what the table would add is missing. Rejects are patients whose lesions
        do not add up to their total, or stand under another spelling of their identifier.
        """
        summary = self.sums.reindex(identifiers).set_axis(covariates.index)
        without = ~identifiers.isin(self.sums.index).to_numpy()
        rule = f"lesions in {self.file} under another spelling of this identifier"
        astray = pd.Series(without, covariates.index)
        astray[without] = _spell(identifiers[without]).isin(self._spellings).to_numpy()
        remedy = "Write identifiers alike in both files: zeros in front, capitals, blanks"
        findings.reject("patient_id", rule, remedy, astray)
        self._fill_patients_without(summary, covariates, without)
        _compare_totals(summary, covariates, findings)
        added = [name for name in summary.columns if name not in covariates]
        both = [name for name in summary.columns if name in covariates]
        filled = {name: covariates[name].fillna(summary[name]) for name in both}
        return covariates.assign(**filled).join(summary[added])

    def find_owned(self, identifiers: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which patients of the table (m,) are among these identifiers."""
        return np.asarray(self.sums.index.isin(list(identifiers)), dtype=np.bool_)

    @cached_property
    def _spellings(self) -> frozenset[str]:
        return frozenset(_spell(self.sums.index.to_series()))

    def _fill_patients_without(
        self, summary: pd.DataFrame, covariates: pd.DataFrame, without: npt.NDArray[np.bool_]
    ) -> None:
        if "cac_agatston" in covariates:
            without = without & covariates["cac_agatston"].eq(0).to_numpy()
        elif not self.absent_is_none:
            return
        names = [n for n in map(str, summary) if n in _COUNTS or n.startswith(_SUMS)]
        summary.loc[without, names] = 0.0


def describe_orphans(owned: npt.NDArray[np.bool_], file: str) -> str:
    """A sentence on the patients of the table of lesions who are nobody here; "" where none is."""
    count = int((~owned).sum())
    if not count:
        return ""
    who = "1 patient has" if count == 1 else f"{count:,} patients have"
    return f"{who} lesions in {file} and no row here: if they should, compare the identifiers"


def _spell(identifiers: pd.Series) -> pd.Series:
    """Identifiers without what exports change: case, blanks, zeros in front, ``.0`` behind."""
    texts = identifiers.astype("str").str.strip().str.casefold()
    return texts.str.replace(r"\.0+$", "", regex=True).str.lstrip("0")


def _compare_totals(summary: pd.DataFrame, covariates: pd.DataFrame, findings: Findings) -> None:
    """Reject patients whose lesions do not add up to the total of the main file."""
    for name in ("cac_agatston", "cac_volume"):
        if name in summary and name in covariates:
            total = covariates[name]
            differs = (summary[name] - total).abs() > (0.02 * total).clip(lower=2)
            rule = f"lesions that do not add up to {name}"
            findings.reject(name, rule, "Correct the total or the lesion table", differs)
