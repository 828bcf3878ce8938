"""Does the map fit the dictionary, and do the columns of the file fit the map?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.cohort_map.section import nearest
from features.derivation.catalogue import CATALOGUE, catalogue_of
from features.dictionary.units import find_unit
from features.dictionary.variable import Variable
from features.errors import CohortError, MapError, Problem
from features.intake.cells.conversion import normal_code
from features.intake.validation.findings import Findings

# what a later scan can show
_OF_SCANS = ("calcium", "morphology")
_YES_NO = ("0", "1", "yes", "no", "true", "false", "y", "n", "t", "f")


def check_map(cohort_map: CohortMap, dictionary: Mapping[str, Variable]) -> None:
    """Raises MapError with everything in the map that the dictionary does not know."""
    taken = {feature.name for feature in CATALOGUE}
    wrong = [
        f"own_variables.{feature.variable}: '{feature.name}' is a feature already"
        for feature in catalogue_of(dictionary)[len(CATALOGUE) :]
        if feature.name in taken
    ]
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
    given = [*source.codes.values(), *([source.constant] if source.constant else [])]
    if source.unit and find_unit(source.unit, variable) is None:
        known = ", ".join(variable.units) or "none, as it is no number"
        yield f"unit '{source.unit}' is not accepted (accepted: {known})"
    if variable.kind == "number":
        for code in dict.fromkeys(given):
            if not _is_number(code):
                yield f"'{code}' is no number"
        return
    allowed = _YES_NO if variable.kind == "boolean" else variable.codes
    for code in dict.fromkeys(given):
        if normal_code(code) not in {normal_code(one) for one in allowed}:
            yield f"'{code}' is none of its values ({', '.join(allowed)})"
    if source.combine not in ("column", "constant", "first_of", "max_of"):
        yield f"{source.combine} is for numbers"
    if source.combine == "max_of" and variable.kind == "category":
        yield "max_of is for numbers and yes/no variables"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def fold_names(columns: Sequence[str], wanted: Iterable[str], file: str) -> dict[str, str]:
    """Column of the file -> as the map writes it, where upper and lower case differ.

    Raises CohortError where more than one column of the file may be meant.
    """
    there, folded = set(columns), dict[str, list[str]]()
    for column in columns:
        folded.setdefault(column.casefold(), []).append(column)
    names, problems = dict[str, str](), list[Problem]()
    for name in dict.fromkeys(wanted):
        meant = folded.get(name.casefold(), [])
        if name in there or not meant:
            continue
        if len(meant) > 1:
            problems.append(_unclear(name, meant))
        names[meant[0]] = name
    if problems:
        raise CohortError(problems, file)
    return names


def name_by_dictionary(
    columns: Sequence[str], dictionary: Mapping[str, Variable], file: str
) -> CohortMap:
    """The map of a source whose columns bear the names and units of the dictionary, in any case.

    Raises CohortError where two columns bear the name of one variable.
    """
    _refuse_twice(columns, ("patient_id", *dictionary), file)
    return CohortMap.of_dictionary(columns, dictionary)


def _refuse_twice(columns: Iterable[str], known: Iterable[str], file: str) -> None:
    folded = dict[str, list[str]]()
    for column in columns:
        folded.setdefault(column.casefold(), []).append(column)
    problems = [_unclear(name, folded[name]) for name in known if len(folded.get(name, ())) > 1]
    if problems:
        raise CohortError(problems, file)


def _unclear(name: str, meant: Sequence[str]) -> Problem:
    rule = f"is meant by {len(meant)} columns: {', '.join(meant)}"
    return Problem(name, rule, "Rename or remove all but one")


def report_absent(
    columns: Sequence[str], cohort_map: CohortMap, file: str, findings: Findings
) -> None:
    """A column of the map that the file lacks is a problem, with the nearest name in the file."""
    there = {column.casefold() for column in columns}
    for name in cohort_map.source_columns:
        if name.casefold() not in there:
            rule = f"is not a column of {file}{nearest(name, columns)}"
            findings.problem(name, rule, "Correct the name in the map")
