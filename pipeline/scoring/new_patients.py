"""Reads patients to be scored: each row of their file becomes covariates or one reject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.column_check import match_columns
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError, MapError
from features.intake.conversion import Reading
from features.intake.ingestion import Limits, examine
from features.intake.reading import RawTable
from features.intake.selection import select_rows
from features.intake.validation.findings import Findings
from features.intake.whole_table import read_table
from pipeline.stages.ingest import unused_columns

_NOT_SELECTED = "left out by the visit or the rules of inclusion of the map"


@dataclass(frozen=True)
class NewPatients:
    """``covariates`` are canonical; ``rejects``: ``row`` (the header is 1), ``column``, ``rule``.

    Every row of the file is in exactly one of the two. ``lacks_lesions``: the map reads calcium
    from a table of lesions and none was given. ``unused``: columns of the file that the map leaves
    aside, among them any whose name is misspelt.
    """

    covariates: pd.DataFrame
    rejects: pd.DataFrame
    lacks_lesions: bool
    unused: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        """Rows of the file."""
        return len(self.covariates) + len(self.rejects)


def read_patients(
    file: Path, cohort: str | None, maps: Path, lesions: Path | None = None
) -> NewPatients:
    """Read a file by its map, or by the dictionary's own names where ``cohort`` is None.

    ``lesions``: the table of their lesions, where the map tells how to read one. Raises
    CohortError where a file as a whole or a whole column is wrong, MapError.
    """
    raw, dictionary = read_table(file), Dictionary.load()
    if cohort is None:
        cohort_map = CohortMap.of_dictionary(raw.frame.columns, dictionary)
    else:
        cohort_map = CohortMap.load(cohort, maps)
    # However many rows are bad, the good ones are scored.
    limits = Limits(max_reject_fraction=1.0, today=date.today())
    if lesions is not None and cohort_map.lesions is None:
        raise MapError(f"{cohort_map.name}: the map has no 'lesions' to read {lesions} by. Add it")
    table = None if lesions is None else read_table(lesions)
    found = examine(raw, cohort_map, dictionary, limits, table, with_endpoint=False)
    if found.findings.problems:
        raise CohortError(found.findings.problems, raw.name)
    rejects = gather_rejects(found.findings, find_left_out(raw, cohort_map))
    covariates = pd.DataFrame(index=pd.Index([], name="patient_id", dtype="str"))
    if found.cohort is not None:
        covariates = found.cohort.covariates
    without = cohort_map.lesions is not None and lesions is None
    unused = tuple(unused_columns(raw, cohort_map))
    patients = NewPatients(covariates, rejects, without, unused)
    if patients.n_rows != len(raw.frame):
        raise AssertionError(f"{len(raw.frame)} rows read, {patients.n_rows} accounted for")
    return patients


def find_left_out(raw: RawTable, cohort_map: CohortMap) -> npt.NDArray[np.int64]:
    """Numbers of the rows that the map does not want."""
    wanted = cohort_map.for_scoring(raw.frame.columns)
    reading = Reading(wanted.missing, wanted.decimal or raw.decimal, wanted.date_format)
    cells = match_columns(raw, wanted, Findings())
    kept, _ = select_rows(cells, wanted, reading, Findings())
    return cells.index.difference(kept.index).to_numpy(dtype=np.int64)


def gather_rejects(findings: Findings, left_out: npt.NDArray[np.int64]) -> pd.DataFrame:
    """One line per row that is not scored, with everything that is wrong with it."""
    broken = findings.rejects_table()
    broken = broken[~broken["row"].isin(left_out)]
    gathered = broken.groupby("row", sort=True)[["column", "rule"]].agg("; ".join).reset_index()
    others = pd.DataFrame({"row": left_out, "column": "", "rule": _NOT_SELECTED})
    return pd.concat([gathered, others]).sort_values("row", ignore_index=True)
