"""The form of a new patient: fields from the data dictionary, read back into covariates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from clinic.typed_values import read_typed, shown_limits
from clinic.words.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from models.plain_language.texts import REFERENCE

REQUIRED = ("age", "sex")
# What a first estimate needs: the inputs of PREVENT and the score; all else is folded.
QUICK = (
    "age",
    "sex",
    "cac_agatston",
    "total_cholesterol",
    "hdl_cholesterol",
    "ldl_cholesterol",
    "systolic_bp",
    "bp_treated",
    "statin_intensity",
    "diabetes",
    "smoking_status",
    "egfr",
    "prior_cad",
)
NO_DRUGS = "no_drugs"
WRITTEN_IN = "written_in"
"""The field with the language of a form that is not in English."""
_NOT_A_DRUG = ("prior_pci",)
# what may be shown again in a field that was filled in wrongly; anything else is not repeated
_HARMLESS = re.compile(r"[\w .,+/-]{0,24}", re.ASCII)


@dataclass(frozen=True)
class Choice:
    """An option of a list."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """A field with what was entered; ``hint``: its range, ``hints`` in each
    unit as JSON; ``error``: what is wrong, or ""."""

    name: str
    label: str
    kind: str
    unit: str
    units: tuple[str, ...]
    choices: tuple[Choice, ...]
    hint: str
    hints: str
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
        return self.name == "quick" or any(f.error or f.value for f in self.fields)


@dataclass(frozen=True)
class Entry:
    """What was entered: ``covariates`` where all is valid, else None and the errors in fields."""

    groups: tuple[FieldGroup, ...]
    covariates: pd.DataFrame | None
    replay: tuple[tuple[str, str], ...]
    units: Mapping[str, str]
    written_in: tuple[tuple[str, str], ...] = ()

    @property
    def errors(self) -> list[Field]:
        """The fields that are wrong."""
        return [field for group in self.groups for field in group.fields if field.error]


def read_entry(given: Mapping[str, str], dictionary: Dictionary, texts: PageTexts) -> Entry:
    """The form as it was filled in; an empty mapping is the empty form.

    `NO_DRUGS` ticked answers every question on drugs that was left open with no; a drug that was
    entered beside it is wrong.
    """
    none_taken = given.get(NO_DRUGS) == "1"
    taken = _drugs_of(given, dictionary) if none_taken else ()
    given = _without_drugs(given, dictionary) if none_taken and not taken else given
    typed = {
        name: (given[name], given.get(f"unit-{name}", "") or (variable.unit or ""))
        for name, variable in dictionary.items()
        if given.get(name)
    }
    covariates, errors = read_typed(typed, dictionary, texts)
    fields = []
    for name, variable in dictionary.items():
        text, unit = typed.get(name, ("", given.get(f"unit-{name}", "") or (variable.unit or "")))
        error = texts("form.errors.no_drugs") if name in taken else errors.get(name, "")
        if given and name in REQUIRED and not error and covariates[name].isna().all():
            error = texts("form.errors.required")
        fields.append(_field(variable, text, unit, error, texts))
    quick = [next(field for field in fields if field.name == name) for name in QUICK]
    others = [field for field in fields if field.name not in QUICK]
    groups = (
        FieldGroup("quick", texts("groups.names.quick"), tuple(quick)),
        *(
            FieldGroup(group, texts(f"groups.names.{group}"), tuple(members))
            for group, members in groupby(others, key=lambda f: dictionary[f.name].group)
        ),
    )
    valid = bool(given) and not any(field.error for field in fields)
    spoken = () if texts.language == REFERENCE else ((WRITTEN_IN, texts.language),)
    replay = spoken + tuple(
        pair
        for field in fields
        if field.value
        for pair in ((field.name, field.value), (f"unit-{field.name}", field.unit))
    )
    units = {field.name: field.unit for field in fields if field.value and field.unit}
    # a blank field is no column: that nothing was typed says nothing of the patient
    known = covariates.dropna(axis="columns", how="all")
    return Entry(groups, known if valid else None, replay, units, spoken)


def _drugs_of(given: Mapping[str, str], dictionary: Dictionary) -> tuple[str, ...]:
    """The questions on drugs that were answered with anything but no."""
    asked = _ask_of_drugs(dictionary)
    return tuple(one.name for one in asked if given.get(one.name, "") not in ("", "0", "none"))


def _without_drugs(given: Mapping[str, str], dictionary: Dictionary) -> dict[str, str]:
    answered = dict(given)
    for variable in _ask_of_drugs(dictionary):
        if given.get(variable.name):
            continue
        if variable.kind == "boolean":
            answered[variable.name] = "0"
        elif "none" in variable.codes:
            answered[variable.name] = "none"
    return answered


def _ask_of_drugs(dictionary: Dictionary) -> list[Variable]:
    return [
        variable
        for name, variable in dictionary.items()
        if variable.group == "therapy" and name not in _NOT_A_DRUG
    ]


def _field(variable: Variable, text: str, unit: str, error: str, texts: PageTexts) -> Field:
    unit = unit if unit in variable.units else variable.unit or ""
    choices: tuple[Choice, ...] = ()
    if variable.kind == "boolean":
        choices = (Choice("1", texts("form.yes")), Choice("0", texts("form.no")))
    elif variable.kind == "category":
        choices = tuple(Choice(code, texts.code(code)) for code in variable.codes)
    hints = {}
    for other in variable.units if variable.kind == "number" else ():
        low, high = shown_limits(variable, other, texts)
        hints[other] = f"{texts('form.range', low=low, high=high)} {texts.unit(other)}"
    hint = hints.get(unit, "")
    return Field(
        variable.name,
        texts.label(variable),
        variable.kind,
        unit,
        tuple(variable.units),
        choices,
        hint,
        json.dumps(hints),
        variable.name in REQUIRED,
        text if _HARMLESS.fullmatch(text) else "",
        error,
    )
