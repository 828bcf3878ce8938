"""The form of a new patient: fields from the data dictionary, read back into covariates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from clinic.texts import PageTexts
from clinic.wording import number
from features.dictionary.dictionary import Dictionary
from features.dictionary.units import to_canonical
from features.dictionary.variable import Conversion, Variable

REQUIRED = ("age", "sex")
_NUMBER = re.compile(r"[+-]?\d{1,9}([.,]\d{1,9})?", re.ASCII)
# what may be shown again in a field that was filled in wrongly; anything else is not repeated
_HARMLESS = re.compile(r"[\w .,+/-]{0,24}", re.ASCII)


@dataclass(frozen=True)
class Choice:
    """An option of a list."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """A field with what was entered; ``hint``: its range; ``error``: what is wrong, or ""."""

    name: str
    label: str
    kind: str
    unit: str
    units: tuple[str, ...]
    choices: tuple[Choice, ...]
    hint: str
    required: bool
    value: str = ""
    error: str = ""


@dataclass(frozen=True)
class FieldGroup:
    """Fields of one group of the dictionary."""

    name: str
    label: str
    fields: tuple[Field, ...]

    @property
    def is_open(self) -> bool:
        """Whether there is something in it to see at once."""
        first = ("demographic", "calcium", "lipids", "vital")
        return self.name in first or any(f.error or f.value for f in self.fields)


@dataclass(frozen=True)
class Entry:
    """What was entered: ``covariates`` where all is valid, else None and the errors in fields."""

    groups: tuple[FieldGroup, ...]
    covariates: pd.DataFrame | None
    replay: tuple[tuple[str, str], ...]

    @property
    def errors(self) -> list[Field]:
        """The fields that are wrong."""
        return [field for group in self.groups for field in group.fields if field.error]


def read_entry(given: Mapping[str, str], dictionary: Dictionary, texts: PageTexts) -> Entry:
    """The form as it was filled in; an empty mapping is the empty form."""
    fields, values = [], dict[str, float | str]()
    for name, variable in dictionary.items():
        text = given.get(name, "")
        unit = given.get(f"unit-{name}", "") or (variable.unit or "")
        value, error = _read(text, unit, variable, texts)
        if not text and given and name in REQUIRED:
            error = texts("form.errors.required")
        if value is not None:
            values[name] = value
        fields.append(_field(variable, text, unit, error, texts))
    groups = tuple(
        FieldGroup(group, texts(f"groups.names.{group}"), tuple(members))
        for group, members in groupby(fields, key=lambda f: dictionary[f.name].group)
    )
    valid = bool(given) and not any(field.error for field in fields)
    covariates = _to_covariates(values, dictionary) if valid else None
    replay = tuple(
        pair
        for field in fields
        if field.value
        for pair in ((field.name, field.value), (f"unit-{field.name}", field.unit))
    )
    return Entry(groups, covariates, replay)


def _to_covariates(values: Mapping[str, float | str], dictionary: Dictionary) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for name, variable in dictionary.items():
        if variable.kind == "category":
            columns[name] = pd.Series([values.get(name, np.nan)], dtype="str")
        else:
            columns[name] = pd.Series([values.get(name, np.nan)], dtype="float64")
    return pd.DataFrame(columns)


def _read(
    text: str, unit: str, variable: Variable, texts: PageTexts
) -> tuple[float | str | None, str]:
    """The canonical value or None, and what is wrong with it or ""."""
    if not text:
        return None, ""
    if variable.kind == "category":
        known = text in variable.codes
        return (text, "") if known else (None, texts("form.errors.choice"))
    if variable.kind == "boolean":
        known = text in ("0", "1")
        return (float(text), "") if known else (None, texts("form.errors.choice"))
    if unit not in variable.units:
        return None, texts("form.errors.unit")
    if not _NUMBER.fullmatch(text):
        return None, texts("form.errors.number")
    entered = float(text.replace(",", "."))
    value = float(to_canonical([entered], variable, unit)[0])
    if _is_possible(value, variable):
        return value, ""
    return None, _out_of_range(entered, unit, variable, texts)


def _out_of_range(entered: float, unit: str, variable: Variable, texts: PageTexts) -> str:
    low, high = _limits(variable, unit)
    error = texts("form.errors.range", low=low, high=high, unit=unit)
    others = [
        other
        for other in variable.units
        if other != unit
        and _is_possible(float(to_canonical([entered], variable, other)[0]), variable)
    ]
    return error + (texts("form.errors.other_unit", unit=others[0]) if others else "")


def _is_possible(value: float, variable: Variable) -> bool:
    low, high = variable.low, variable.high
    return (low is None or value >= low) and (high is None or value <= high)


def _limits(variable: Variable, unit: str) -> tuple[str, str]:
    """The range in a unit, as it is shown."""
    conversion = variable.units.get(unit, Conversion(1.0))
    ends = [
        ((v or 0.0) - conversion.offset) / conversion.factor for v in (variable.low, variable.high)
    ]
    return number(ends[0]), number(ends[1])


def _field(variable: Variable, text: str, unit: str, error: str, texts: PageTexts) -> Field:
    unit = unit if unit in variable.units else variable.unit or ""
    choices: tuple[Choice, ...] = ()
    if variable.kind == "boolean":
        choices = (Choice("1", texts("form.yes")), Choice("0", texts("form.no")))
    elif variable.kind == "category":
        choices = tuple(Choice(code, texts.code(code)) for code in variable.codes)
    hint = ""
    if variable.kind == "number":
        low, high = _limits(variable, unit)
        hint = texts("form.range", low=low, high=high)
    return Field(
        variable.name,
        variable.label,
        variable.kind,
        unit,
        tuple(variable.units),
        choices,
        hint,
        variable.name in REQUIRED,
        text if _HARMLESS.fullmatch(text) else "",
        error,
    )
