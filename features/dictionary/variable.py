"""A variable: one entry of the data dictionary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import floor
from typing import Literal, NamedTuple

from features.dictionary.prior import Prior

CODE = re.compile(r"[^\x00-\x1f\x7f]{1,60}")
"""What a code of a category may be: it stands in names of features and in front of readers."""
NAME_OF_FEATURE = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,99}}(:{CODE.pattern})?")
"""What a feature may be called: a variable of one's own has one for each code, ``plaque:soft``."""
Kind = Literal["number", "boolean", "category"]
KINDS: tuple[Kind, ...] = ("number", "boolean", "category")

GROUPS = (
    "demographic",
    "history",
    "calcium",
    "morphology",
    "lipids",
    "vital",
    "laboratory",
    "therapy",
    "lifestyle",
    "mineral",
    "emerging",
)
"""Of the data dictionary, in its order."""

OWN_GROUP = "own variables"
"""The group of variables that a cohort map adds, and of no other."""


class Conversion(NamedTuple):
    """canonical = factor * value + offset."""

    factor: float
    offset: float = 0.0


class Needed(NamedTuple):
    """A model can say nothing of a patient without a value from ``low`` to ``high``, and why."""

    low: float
    high: float
    why: str


@dataclass(frozen=True)
class Variable:
    """What the data dictionary knows of one variable.

    ``unit`` is the canonical unit; ``units`` holds every accepted unit, the canonical one first.
    ``low`` and ``high`` are the limits of the possible, inclusive, in the canonical unit.
    ``monotone`` is the direction of association with events, 0 where none is imposed.
    Only numbers have units and limits, only categories have codes. ``own``: described in a cohort
    map and not in the data dictionary; it is a feature as it is recorded. ``priors``: of its
    features, by the name of the feature, what is known before any cohort is seen. ``no_growth``:
    why the variable enters no model of how calcium grows, "" where it may; ``directed_growth``:
    whether the direction of its features holds for growth as well. ``needed``: what a model asks of
    every patient's value, None where it may be missing.
    """

    name: str
    label: str
    group: str
    kind: Kind
    evidence: str
    source: str
    unit: str | None = None
    units: Mapping[str, Conversion] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    codes: tuple[str, ...] = ()
    monotone: int = 0
    loinc: str | None = None
    recorded_only: str | None = None
    priors: Mapping[str, Prior] = field(default_factory=dict)
    no_growth: str = ""
    directed_growth: bool = False
    own: bool = False
    needed: Needed | None = None

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The limits of the possible, infinite where there is none."""
        low = float("-inf") if self.low is None else self.low
        return low, float("inf") if self.high is None else self.high

    def as_reported(self, value: float) -> float:
        """A number in the canonical unit, with the digits that it is written with.

        Cholesterol and the like in whole mg/dL, as laboratories report them; pressures in tenths;
        an age in completed years, and a score rounded down, so that it is of the class it is in.
        """
        if self.name == "age":
            return floor(value)
        whole = 10 if self.group == "lipids" and self.unit == "mg/dL" else 100
        digits = 0 if abs(value) >= whole else 1 if abs(value) >= 10 else 2
        if self.unit == "AU":
            return floor(round(value * 10.0**digits, 6)) / 10.0**digits
        return round(value, 1 if self.unit == "mmHg" else digits)

    def as_held(self, value: float) -> float:
        """A number as it is held against limits: what is written as one at a limit is at it."""
        return value if self.unit == "AU" else max(value, self.as_reported(value))

    @property
    def asked(self) -> tuple[float, float]:
        """The values that a person may enter: the limits, and where a model needs it, its own."""
        return self.limits if self.needed is None else (self.needed.low, self.needed.high)
