"""What was typed into the form, read by the reader of files, so that a cell has one meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from clinic.words.texts import PageTexts
from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.dictionary.dictionary import Dictionary
from features.dictionary.units import to_canonical
from features.dictionary.variable import Conversion, Variable
from features.intake.cells.conversion import (
    COMMA,
    INFINITE,
    POINT,
    SPREADSHEET,
    TEXT,
    UNKNOWN,
    Reading,
    parse_numbers,
)
from features.intake.rows import RowRules, examine_rows
from features.intake.validation.findings import Reject

_GROUPS_OF_THREE = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?", re.ASCII)
_NO_SIGN = ""
"""Some people type 5.2 and others 5,2: no decimal sign is declared."""


def read_typed(
    typed: Mapping[str, tuple[str, str]], dictionary: Dictionary, texts: PageTexts
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The covariates (1, variables) of one patient, and by variable what is wrong with a field.

    ``typed``: text and unit by variable. What is wrong is missing among the covariates.
    """
    errors = {
        name: texts("form.errors.unit")
        for name, (_, unit) in typed.items()
        if dictionary[name].kind == "number" and unit not in dictionary[name].units
    }
    typed, unclear = _in_plain_digits(typed, dictionary, texts)
    errors |= unclear
    sound = {name: cell for name, cell in typed.items() if name not in errors}
    if sound:
        needed = {name: known for name, known in dictionary.items() if known.needed}
        sound |= {name: ("", one.unit or "") for name, one in needed.items() if name not in sound}
    read = pd.DataFrame(index=[1])
    if sound:
        chosen = CohortMap(
            "form", variables={n: _source(dictionary[n], u) for n, (_, u) in sound.items()}
        )
        rules = RowRules.for_columns(list(sound), chosen, dictionary, _NO_SIGN)
        cells = pd.DataFrame({name: [text] for name, (text, _) in sound.items()}, [1], dtype="str")
        found = examine_rows(cells, rules)
        read = found.columns.covariates
        for one in found.findings.rejects:
            # what follows from a field, such as a statin's intensity from its dose, is none
            for name in (known for known in one.column.split(", ") if known in sound):
                errors.setdefault(name, _describe(one, sound[name], dictionary[name], texts))
    return _complete(read, dictionary), errors


def _in_plain_digits(
    typed: Mapping[str, tuple[str, str]], dictionary: Dictionary, texts: PageTexts
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """What was typed without points that separate thousands, and by variable what is unclear.

    Only where the language writes them so: there 1.250 is 1250, and any other point says nothing
    for certain.
    """
    found, unclear = dict(typed), {}
    for name, (text, unit) in typed.items():
        if texts.write.thousands != "." or "." not in text or dictionary[name].kind != "number":
            continue
        if _GROUPS_OF_THREE.fullmatch(text):
            found[name] = (text.replace(".", ""), unit)
        else:
            unclear[name] = texts("form.errors.two_ways")
    return found, unclear


def shown_limits(variable: Variable, unit: str, texts: PageTexts) -> tuple[str, str]:
    """The range in a unit, as it is shown."""
    conversion = variable.units.get(unit, Conversion(1.0))
    ends = [
        ((end if np.isfinite(end) else 0.0) - conversion.offset) / conversion.factor
        for end in variable.asked
    ]
    return texts.write.number(ends[0]), texts.write.number(ends[1])


def _source(variable: Variable, unit: str) -> ValueSource:
    in_unit = unit if variable.kind == "number" else None
    return ValueSource("column", (variable.name,), in_unit)


def _complete(read: pd.DataFrame, dictionary: Dictionary) -> pd.DataFrame:
    """Every variable of the dictionary, missing where nothing was typed; one patient at 0."""
    columns: dict[str, pd.Series] = {}
    for name, variable in dictionary.items():
        kind = "str" if variable.kind == "category" else "float64"
        values = read[name].tolist() if name in read else [np.nan]
        columns[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(columns)


def _describe(one: Reject, cell: tuple[str, str], variable: Variable, texts: PageTexts) -> str:
    if not cell[0]:
        return texts("form.errors.required")
    if ", " in one.column:
        return texts(
            "form.errors.together", rule=texts.phrase(one.rule), remedy=texts.phrase(one.remedy)
        )
    if one.rule == UNKNOWN:
        return texts("form.errors.choice")
    if one.rule in (COMMA, POINT):
        return texts("form.errors.two_ways")
    if one.rule in (TEXT, INFINITE, SPREADSHEET):
        return texts("form.errors.number")
    return _out_of_range(*cell, variable, texts)


def _out_of_range(text: str, unit: str, variable: Variable, texts: PageTexts) -> str:
    entered = parse_numbers(pd.Series([text], dtype="str"), Reading(decimal=_NO_SIGN))[0].iloc[0]
    low, high = shown_limits(variable, unit, texts)
    error = texts("form.errors.range", low=low, high=high, unit=texts.unit(unit))
    lowest, highest = variable.asked
    others = [
        other
        for other in variable.units
        if other != unit and lowest <= to_canonical([entered], variable, other)[0] <= highest
    ]
    return error + (texts("form.errors.other_unit", unit=texts.unit(others[0])) if others else "")
