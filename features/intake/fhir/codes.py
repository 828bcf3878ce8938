"""What the codes of health records mean: data/reference/fhir_codes.csv and the dictionary."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from features.dictionary.data_files import data_file
from features.dictionary.variable import Variable
from features.errors import MapError
from features.intake.fhir.elements import Coding

Kind = Literal["observation", "answer", "race", "condition", "procedure", "medication"]
_COLUMNS = ["kind", "system", "match", "code", "variable", "value", "name", "source"]
# The record itself says these (Patient); an Observation of them would be a second opinion.
FROM_PATIENT = ("age", "sex", "ethnicity")


class Meaning(NamedTuple):
    """A variable of the dictionary and, unless the record gives it, its value."""

    variable: str
    value: str


@dataclass(frozen=True)
class CodeTable:
    """The meanings of codes. ``names``: generic drug names as patterns of a whole word."""

    exact: Mapping[tuple[str, str, str], tuple[Meaning, ...]]
    prefixes: Mapping[tuple[str, str], tuple[tuple[str, Meaning], ...]]
    names: tuple[tuple[re.Pattern[str], tuple[Meaning, ...]], ...]

    @classmethod
    def load(cls, dictionary: Mapping[str, Variable], path: Path | None = None) -> CodeTable:
        """Read the table. Raises MapError where it names what the dictionary does not know."""
        path = path or data_file("reference/fhir_codes.csv")
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file)
            if lines.fieldnames != _COLUMNS:
                raise MapError(f"{path.name}: the columns must be {', '.join(_COLUMNS)}")
            rows = list(lines)
        exact: dict[tuple[str, str, str], list[Meaning]] = {}
        prefixes: dict[tuple[str, str], list[tuple[str, Meaning]]] = {}
        names: dict[str, list[Meaning]] = {}
        for name, variable in dictionary.items():
            exact[("observation", "variable", name)] = [Meaning(name, "")]
            if variable.loinc and name not in FROM_PATIENT:
                exact[("observation", "loinc", variable.loinc)] = [Meaning(name, "")]
        for row in rows:
            if row["variable"] not in dictionary:
                raise MapError(f"{path.name}: {row['variable']} is not in the dictionary")
            meaning = Meaning(row["variable"], row["value"])
            code = plain(row["system"], row["code"])
            if row["match"] == "exact":
                exact.setdefault((row["kind"], row["system"], code), []).append(meaning)
            elif row["match"] == "prefix":
                prefixes.setdefault((row["kind"], row["system"]), []).append((code, meaning))
            elif row["match"] == "name":
                names.setdefault(row["code"], []).append(meaning)
            else:
                raise MapError(f"{path.name}: match must be exact, prefix or name")
        return cls(
            {key: tuple(found) for key, found in exact.items()},
            {key: tuple(found) for key, found in prefixes.items()},
            tuple((_whole_word(name), tuple(found)) for name, found in names.items()),
        )

    def find(self, kind: Kind, coding: Coding) -> tuple[Meaning, ...]:
        """What a code means, () where the table does not know it."""
        code = plain(coding.system, coding.code)
        found = list(self.exact.get((kind, coding.system, code), ()))
        for prefix, meaning in self.prefixes.get((kind, coding.system), ()):
            if code.startswith(prefix) and meaning not in found:
                found.append(meaning)
        return tuple(found)


def plain(system: str, code: str) -> str:
    """A code as it is compared: ICD-10 without its point, ICD-10 and ATC in capitals."""
    if system == "icd10":
        return code.replace(".", "").upper()
    return code.upper() if system == "atc" else code


def _whole_word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
