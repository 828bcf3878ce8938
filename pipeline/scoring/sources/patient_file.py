"""All patients of a file, by a map or by the dictionary's own names.

`calcirisk score` reads the same rows by the same rules, batch by batch.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError, MapError
from features.intake.ingestion import Limits
from features.intake.map_check import name_by_dictionary
from features.intake.read_file import ReadFile, read_file
from features.intake.rows import check_repeats
from features.intake.whole_table import read_table


def read_patient_file(
    file: Path,
    cohort: str | None,
    maps: Path,
    dictionary: Dictionary,
    lesions: Path | None = None,
) -> ReadFile:
    """Read a file by its map, or by the dictionary's own names where ``cohort`` is None.

    However many rows are bad, the good ones are there. ``lesions``: the table of their lesions,
    where the map tells how to read one. Raises CohortError where a file as a whole or a whole
    column is wrong, MapError.
    """
    if cohort is None:
        raw = read_table(file)
        chosen = name_by_dictionary(list(map(str, raw.frame)), dictionary, raw.name)
    else:
        chosen = CohortMap.load(cohort, maps)
        raw = read_table(file, chosen.dialect)
    if lesions is not None and chosen.lesions is None:
        raise MapError(f"{chosen.name}: the map has no 'lesions' to read {lesions} by. Add it")
    table = None if lesions is None else read_table(lesions)
    read = read_file(raw, chosen, dictionary, table, with_endpoint=False)
    if read.rows is not None and read.rows.identifiers.name is not None:
        check_repeats(read.rows.identifiers, read.findings, whole=False)
    if read.findings.problems:
        raise CohortError(read.findings.problems, raw.name)
    if len(read.covariates) + len(read.rejects) != len(raw.frame):
        raise AssertionError(f"{len(raw.frame)} rows read, not all of them accounted for")
    return read


def unlimited() -> Limits:
    """No limit to the share of bad rows."""
    return Limits(max_reject_fraction=1.0, today=date.today())
