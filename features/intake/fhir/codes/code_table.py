"""What the codes of health records mean: data/reference/fhir_*.csv and the dictionary."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from features.dictionary.data_files import data_file
from features.dictionary.variable import Variable
from features.errors import MapError
from features.intake.fhir.codes.hierarchies import find_in_hierarchy, plain_code
from features.intake.fhir.elements.json_elements import Coding

Kind = Literal[
    "observation",
    "answer",
    "race",
    "condition",
    "procedure",
    "medication",
    "site",
    "method",
    "route",
    "absence",
    "relative",
]
_TABLES = (
    "fhir_codes.csv",
    "fhir_snomed_conditions.csv",
    "fhir_medicine_names.csv",
    "fhir_relatives.csv",
)
_COLUMNS = ["kind", "system", "match", "code", "variable", "value", "name", "source"]
_MATCHES = ("exact", "prefix", "name")
# The record itself says these (Patient); an Observation of them would be a second opinion.
FROM_PATIENT = ("age", "sex", "ethnicity")
# Values of the column `variable` that are no variables: whole lists, and any yes or no.
_NO_VARIABLES = {"absence": ("condition", "procedure", "medication"), "answer": ("boolean",)}
_MOST_REMEMBERED = 50_000


class Meaning(NamedTuple):
    """A variable and its value: "" where the record gives it, "unknown" where the code leaves it

    open. Of an absence: the list (condition, procedure, medication) and "no" or "unknown".
    """

    variable: str
    value: str


@dataclass(frozen=True)
class CodeTable:
    """The meanings of codes; ``()`` of a code that is known to mean none of our variables.

    ``names``: substances by generic name; ``name_pattern`` finds them as whole words.
    """

    exact: Mapping[tuple[str, str, str], tuple[Meaning, ...]]
    prefixes: Mapping[tuple[str, str], tuple[tuple[str, Meaning], ...]]
    names: Mapping[str, tuple[Meaning, ...]]
    name_pattern: re.Pattern[str]
    _remembered: dict[tuple[str, str, str], tuple[Meaning, ...] | None] = field(
        default_factory=dict
    )

    @classmethod
    def load(cls, dictionary: Mapping[str, Variable], path: Path | None = None) -> CodeTable:
        """Read the tables. Raises MapError where one names what the dictionary does not know."""
        paths = [path] if path else [data_file(f"reference/{name}") for name in _TABLES]
        exact: dict[tuple[str, str, str], list[Meaning]] = {}
        prefixes: dict[tuple[str, str], list[tuple[str, Meaning]]] = {}
        names: dict[str, list[Meaning]] = {}
        for name, variable in dictionary.items():
            exact[("observation", "variable", name)] = [Meaning(name, "")]
            if variable.loinc and name not in FROM_PATIENT:
                exact[("observation", "loinc", variable.loinc)] = [Meaning(name, "")]
        for row in (row for one in paths for row in _read_rows(one, dictionary)):
            meaning = [Meaning(row["variable"], row["value"])] if row["variable"] else []
            code = plain_code(row["system"], row["code"])
            if row["match"] == "exact":
                exact.setdefault((row["kind"], row["system"], code), []).extend(meaning)
            elif row["match"] == "prefix":
                families = prefixes.setdefault((row["kind"], row["system"]), [])
                families += [(code, one) for one in meaning]
            else:
                names.setdefault(row["code"].lower(), []).extend(meaning)
        longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        return cls(
            {key: tuple(found) for key, found in exact.items()},
            {key: tuple(found) for key, found in prefixes.items()},
            {name: tuple(found) for name, found in names.items()},
            re.compile(rf"(?<![\w-])(?:{longest_first or '(?!)'})(?![\w-])", re.IGNORECASE),
        )

    def find(self, kind: Kind, coding: Coding) -> tuple[Meaning, ...] | None:
        """What a code means: () if none of our variables, None if the code is not understood."""
        key = (kind, coding.system, plain_code(coding.system, coding.code))
        if key not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = self._look_up(key)
        return self._remembered[key]

    def _look_up(self, key: tuple[str, str, str]) -> tuple[Meaning, ...] | None:
        kind, system, code = key
        exact = self.exact.get(key)
        below = self.prefixes.get((kind, system), ())
        if system == "atc":
            below += tuple(
                (known, meaning)
                for (of, within, known), meanings in self.exact.items()
                if (of, within) == (kind, system) and known != code
                for meaning in meanings
                if known.startswith(code)
            )
        found = find_in_hierarchy(system, code, below)
        if found is None:
            return exact
        open_or_known = [*(exact or ()), *(Meaning(*one) for one in found)]
        return tuple(dict.fromkeys(open_or_known))


def _read_rows(path: Path, dictionary: Mapping[str, Variable]) -> Iterator[dict[str, str]]:
    for row in _read_table(path):
        variable, others = row["variable"], _NO_VARIABLES.get(row["kind"], ())
        if variable and variable not in dictionary and variable not in others:
            raise MapError(f"{path.name}: {variable} is not in the dictionary")
        if row["match"] not in _MATCHES:
            raise MapError(f"{path.name}: match must be {', '.join(_MATCHES)}")
        yield row


@lru_cache(maxsize=8)
def _read_table(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        if lines.fieldnames != _COLUMNS:
            raise MapError(f"{path.name}: the columns must be {', '.join(_COLUMNS)}")
        return tuple(lines)
