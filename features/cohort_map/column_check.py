"""Does the map fit the dictionary, and do the columns of the file fit the map?"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.cohort_map.section import nearest
from features.dictionary.dictionary import Dictionary
from features.dictionary.units import find_unit
from features.dictionary.variable import Variable
from features.errors import MapError
from features.intake.conversion import normal_code
from features.intake.reading import RawTable
from features.intake.sources.typed_cells import describe_no_cells
from features.intake.validation.findings import Findings

# what a later scan can show
_OF_SCANS = ("calcium", "morphology")
_YES_NO = ("0", "1", "yes", "no", "true", "false", "y", "n", "t", "f")


def check_map(cohort_map: CohortMap, dictionary: Dictionary) -> None:
    """Raises MapError with everything in the map that the dictionary does not know."""
    wrong: list[str] = []
    for name, source in cohort_map.variables.items():
        if name not in dictionary:
            wrong.append(
                f"variables.{name}: is not in the data dictionary{nearest(name, dictionary)}"
            )
        else:
            wrong += (f"variables.{name}: {what}" for what in _misfits(source, dictionary[name]))
    for position, scan in enumerate(cohort_map.later_scans, start=1):
        for name, source in scan.variables.items():
            where = f"later_scans[{position}].variables.{name}"
            if name not in dictionary or dictionary[name].group not in _OF_SCANS:
                wrong.append(f"{where}: is not a variable of calcium or morphology")
            else:
                wrong += (f"{where}: {what}" for what in _misfits(source, dictionary[name]))
    if wrong:
        raise MapError("\n".join([f"{cohort_map.name}.yaml:", *(f"  - {one}" for one in wrong)]))


def _misfits(source: ValueSource, variable: Variable) -> Iterable[str]:
    if source.unit and find_unit(source.unit, variable) is None:
        known = ", ".join(variable.units) or "none, as it is no number"
        yield f"unit '{source.unit}' is not accepted (accepted: {known})"
    allowed = _YES_NO if variable.kind == "boolean" else variable.codes
    if variable.kind != "number":
        given = [*source.codes.values(), *([source.constant] if source.constant else [])]
        for code in dict.fromkeys(given):
            if normal_code(code) not in {normal_code(one) for one in allowed}:
                yield f"'{code}' is none of its values ({', '.join(allowed)})"
        if source.combine not in ("column", "constant", "first_of", "max_of"):
            yield f"{source.combine} is for numbers"
        if source.combine == "max_of" and variable.kind == "category":
            yield "max_of is for numbers and yes/no variables"


def match_columns(raw: RawTable, cohort_map: CohortMap, findings: Findings) -> pd.DataFrame:
    """The cells of the file, columns named as in the map where only upper and lower case differ.

    A column of the map that the file lacks is a problem, with the nearest name in the file.
    """
    cells, folded = raw.frame, {str(name).casefold(): str(name) for name in raw.frame.columns}
    renamed = {
        folded[name.casefold()]: name
        for name in cohort_map.source_columns
        if name not in cells and name.casefold() in folded
    }
    cells = cells.rename(columns=renamed)
    no_cells = {name.casefold() for name in raw.no_cells}
    for name in cohort_map.source_columns:
        if name.casefold() in no_cells:
            findings.problems.append(describe_no_cells(name))
        elif name not in cells:
            rule = f"is not a column of {raw.name}{nearest(name, map(str, cells.columns))}"
            findings.problem(name, rule, "Correct the name in the map")
    return cells
