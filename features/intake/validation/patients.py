"""Whether every row stands for one patient: identifiers missing, repeated or mangled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.intake.validation.findings import Findings

_EXPORT = "Export the file again with this column as text, not through a spreadsheet"
NO_IDENTIFIER, REPEATED = "no patient identifier", "names the same patient more than once"
_ONE_ROW = "Keep one row per patient, or give 'visit' in the map"
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MANGLED = (
    (r"\d(?:[.,]\d+)?E\+?\d+", "was turned into scientific notation by a spreadsheet"),
    (
        rf"(?i:\d{{1,2}}-(?:{_MONTH})|(?:{_MONTH})-\d{{1,4}})",
        "was turned into dates by a spreadsheet",
    ),
    (r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|#+", "holds spreadsheet errors"),
)
_TOTALS = (
    r"(?i:(?:grand )?total|sum|mean|average|median|summe|gesamt(?:summe)?|mittelwert|durchschnitt|"
    r"moyenne|somme|promedio|gemiddelde|totaal):?"
)
_ANY_MANGLED = f"(?:{'|'.join(pattern for pattern, _ in _MANGLED)})"


def find_mangled(identifiers: pd.Series) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Each rule that identifiers (text, (n,)) break because of a spreadsheet, and which rows do."""
    if not identifiers.str.fullmatch(_ANY_MANGLED).any():
        return []
    found = [(rule, identifiers.str.fullmatch(pattern)) for pattern, rule in _MANGLED]
    return [(rule, rows.to_numpy(dtype=bool)) for rule, rows in found if rows.any()]


def check_identifiers(identifiers: pd.Series, findings: Findings, *, whole: bool = True) -> None:
    """Check the text of the identifier column; repeated ones are another matter.

    ``whole``: what a spreadsheet did to a column is a problem of the file, else of single rows.
    """
    column = str(identifiers.name)
    # "NA" may be somebody's identifier; only an empty cell is none.
    empty = identifiers == ""
    if whole and len(empty) and empty.all():
        findings.problem(column, "is empty in every row", "Map the column with the identifiers")
        return
    findings.reject(column, NO_IDENTIFIER, "Fill it in", empty)
    totals = identifiers.str.fullmatch(_TOTALS)
    findings.reject(column, "a line of totals, not a patient", "Delete the line", totals)
    for rule, mangled in find_mangled(identifiers):
        if whole:
            findings.problem(column, rule, _EXPORT, int(mangled.sum()))
        else:
            findings.reject(column, rule, _EXPORT, pd.Series(mangled, identifiers.index))


def check_repeats(identifiers: pd.Series, findings: Findings, *, whole: bool = True) -> None:
    """A patient in more than one row: a problem of the file or, not ``whole``, of those rows."""
    twice = identifiers.duplicated(keep=False) & (identifiers != "")
    if twice.any() and whole:
        findings.problem(str(identifiers.name), REPEATED, _ONE_ROW, int(twice.sum()))
    elif twice.any():
        findings.reject(str(identifiers.name), REPEATED, _ONE_ROW, twice)
