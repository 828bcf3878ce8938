"""A patient's values as the pages write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from clinic.words.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from models.explanation.population import UNSAID

_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class ValueWriter:
    """Writes a patient's values; ``units``: those entered, where not the canonical ones."""

    dictionary: Dictionary
    texts: PageTexts
    units: Mapping[str, str] = field(default_factory=dict)

    def say(self, name: str, value: object) -> str:
        """A value of a variable with its unit, without the label."""
        variable, texts = self.dictionary[name], self.texts
        if value is None or pd.isna(value):  # type: ignore[call-overload]
            return texts("values.missing")
        if variable.kind == "category":
            return texts.code(str(value))
        quantity = float(str(value))
        if variable.kind == "boolean":
            return texts("form.yes" if quantity else "form.no")
        own = variable.unit or ""
        if name.startswith(("cac_agatston", "prior_cac_agatston")):
            return f"{texts.write.score(quantity)}{_SPACE}{texts.unit(own)}"
        unit = self.units.get(name, own)
        if unit == own or unit not in variable.units:
            shown = "" if own in UNSAID else texts.unit(own)
            write = texts.write.pressure if own == "mmHg" else texts.write.number
            return f"{write(variable.as_reported(quantity))} {shown}".rstrip()
        conversion = variable.units[unit]
        number = texts.write.number((quantity - conversion.offset) / conversion.factor)
        return f"{number} {texts.unit(unit)}"
