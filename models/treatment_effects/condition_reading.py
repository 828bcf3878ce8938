"""Conditions as they are written in the shipped evidence, read strictly.

``{variable: age, at_least: 40, below: 70}``, ``{variable: plaque_volume, above: 0}``,
``{variable: diabetes, is: true}``,
``{variable: statin_intensity, in: [none]}``, ``{all: [...]}``, ``{any: [...]}``, ``{none: [...]}``,
or ``{condition: NAME}`` for one that the file names once. ``if_missing: false`` beside a rule:
a record that is silent of it means that the rule does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from features.dictionary.dictionary import Dictionary
from models.treatment_effects.conditions import Condition, Rule, Several

_LIMITS = ("at_least", "above", "below")
_RULE = ("variable", "in", "is", *_LIMITS, "if_missing")
_SEVERAL: tuple[Literal["all", "any", "none"], ...] = ("all", "any", "none")


@dataclass
class ConditionReader:
    """Reads conditions on variables of the dictionary; ``named`` grows as the file names them.

    ``derived``: further numbers that conditions may be about, such as a percentile.

    Every method raises ValueError naming the entry.
    """

    known: Dictionary
    named: dict[str, Condition] = field(default_factory=dict)
    derived: tuple[str, ...] = ()

    def read(self, name: str, entry: Mapping[str, Any]) -> Condition:
        """The condition of the entry ``name``."""
        if "condition" in entry:
            only(entry, ("condition",), name)
            one_of(entry["condition"], tuple(self.named), name)
            return self.named[entry["condition"]]
        for of in _SEVERAL:
            if of in entry:
                only(entry, (of,), name)
                if not isinstance(entry[of], list) or not entry[of]:
                    raise ValueError(f"{name}: {of!r} needs a list of conditions")
                return Several(of, tuple(self.read(name, part) for part in entry[of]))
        return self._rule(name, entry)

    def variable(self, name: str, variable: str) -> str:
        """The variable's name, if the dictionary knows it."""
        if variable not in self.known:
            raise ValueError(f"{name}: {variable!r} is not in the data dictionary")
        return variable

    def _rule(self, name: str, entry: Mapping[str, Any]) -> Rule:
        only(entry, _RULE, name)
        missing = entry.get("if_missing")
        if missing not in (None, False):
            raise ValueError(f"{name}: 'if_missing' can only be false")
        if entry["variable"] in self.derived:
            return self._limits(name, entry["variable"], entry)
        variable = self.known[self.variable(name, entry["variable"])]
        if variable.kind == "boolean":
            if not isinstance(entry["is"], bool):
                raise ValueError(f"{name}: {variable.name} is a yes or no")
            return Rule(variable.name, values=(float(entry["is"]),), if_missing=missing)
        if variable.kind == "category":
            for code in entry["in"]:
                one_of(code, variable.codes, name)
            return Rule(variable.name, values=tuple(entry["in"]), if_missing=missing)
        return self._limits(name, variable.name, entry)

    @staticmethod
    def _limits(name: str, variable: str, entry: Mapping[str, Any]) -> Rule:
        limits = {key: number(entry[key]) for key in _LIMITS if key in entry}
        if not limits:
            raise ValueError(f"{name}: {variable} needs 'at_least', 'above' or 'below'")
        at_least, above, below = (limits.get(key) for key in _LIMITS)
        return Rule(variable, (), at_least, below, entry.get("if_missing"), above)


def only(entry: Mapping[str, Any], keys: Any, name: str) -> None:
    """Raises ValueError for a key that is not known."""
    for key in entry:
        if key not in keys:
            raise ValueError(f"{name}: key {key!r} is not known (known: {', '.join(keys)})")


def one_of(value: object, known: tuple[str, ...], name: str) -> None:
    """Raises ValueError for a value that is not known."""
    if value not in known:
        raise ValueError(f"{name}: {value!r} must be one of {', '.join(known)}")


def number(value: object) -> float:
    """The value as a number; raises ValueError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} must be a number")
    return float(value)
