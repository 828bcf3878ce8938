"""Numbers as the pages write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from clinic.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from features.dictionary.units import show_unit
from models.explanation.population import show_quantity

_SPACE = "\N{NO-BREAK SPACE}"


def percent(fraction: float) -> str:
    """A risk: one decimal below 10 %, none above; the sign stays on the line of its number.

    >>> percent(0.0234), percent(0.31), percent(0.0004)
    ('2.3\\xa0%', '31\\xa0%', '<0.1\\xa0%')
    """
    value = 100 * fraction
    if 0 < value < 0.05:
        return f"<0.1{_SPACE}%"
    return f"{value:.1f}{_SPACE}%" if value < 9.95 else f"{value:.0f}{_SPACE}%"


def tenths(fraction: float) -> str:
    """A risk with one decimal, where small differences matter.

    >>> tenths(0.0234), tenths(0.174)
    ('2.3\\xa0%', '17.4\\xa0%')
    """
    return f"{100 * fraction:.1f}{_SPACE}%"


def number(value: float) -> str:
    """A number with as many digits as matter, as a field of a form would take it.

    >>> number(1234.4), number(41.26), number(1.503), number(0.5)
    ('1234', '41.3', '1.5', '0.5')
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    shown = f"{value:.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return shown.replace("-", "−")


@dataclass(frozen=True)
class ValueWriter:
    """Writes a patient's values; ``units``: those entered, where not the canonical ones."""

    dictionary: Dictionary
    texts: PageTexts
    units: Mapping[str, str] = field(default_factory=dict)

    def say(self, name: str, value: object) -> str:
        """A value of a variable with its unit, without the label."""
        variable = self.dictionary[name]
        if value is None or pd.isna(value):  # type: ignore[call-overload]
            return self.texts("values.missing")
        if variable.kind == "category":
            return self.texts.code(str(value))
        quantity = float(str(value))
        if variable.kind == "boolean":
            return self.texts("form.yes" if quantity else "form.no")
        if name.startswith(("cac_agatston", "prior_cac_agatston")):
            return f"{quantity:.0f}{_SPACE}{variable.unit}"
        unit = self.units.get(name, variable.unit or "")
        if unit == variable.unit or unit not in variable.units:
            return show_quantity(quantity, variable).replace(",", "")
        conversion = variable.units[unit]
        return f"{number((quantity - conversion.offset) / conversion.factor)} {show_unit(unit)}"


def whole(value: float) -> str:
    """A number needed to treat; the sign of infinity where none is excluded."""
    return f"{value:.0f}" if math.isfinite(value) else "∞"
