"""The data dictionary: every variable the system knows, read from data/variables.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from features.dictionary.data_files import data_file
from features.dictionary.prior import Prior, read_prior
from features.dictionary.variable import (
    GROUPS,
    KINDS,
    OWN_GROUP,
    Conversion,
    Kind,
    Needed,
    Variable,
)
from features.errors import MapError
from features.yaml_file import read_yaml

_TEXT_KEYS = ("label", "group", "kind", "evidence", "source")
_NUMBER_KEYS = ("unit", "units", "low", "high")
_KEYS = (
    *_TEXT_KEYS,
    *_NUMBER_KEYS,
    "codes",
    "monotone",
    "loinc",
    "recorded_only",
    "own",
    "prior",
    "growth",
)


class Dictionary(dict[str, Variable]):
    """Variables by name, in the order of the file; ``own_entries``: those that a map added."""

    def __init__(
        self, variables: Mapping[str, Variable], own_entries: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(variables)
        self.own_entries = dict(own_entries or {})

    @classmethod
    def load(cls, path: Path | None = None) -> Dictionary:
        """The dictionary of this file; by default ``data/variables.yaml`` beside the packages.

        Raises MapError, naming entry and key, where the file is not a valid dictionary.
        """
        return _shipped() if path is None else _load(path)

    def extended(self, own_entries: Mapping[str, Any]) -> Dictionary:
        """This dictionary with variables of one's own, given as entries of its file.

        Raises MapError where an entry is not valid or its name is taken.
        """
        if not own_entries:
            return self
        taken = [name for name in own_entries if name in self]
        if taken:
            raise _wrong(taken[0], "own", "is in the data dictionary already: map that one")
        own = {name: _variable(name, entry) for name, entry in own_entries.items()}
        return Dictionary({**self, **own}, {**self.own_entries, **own_entries})

    def needing(self, name: str, needed: Needed) -> Dictionary:
        """This dictionary for a model that can say nothing without the variable of this name."""
        asked = replace(self[name], needed=needed)
        return Dictionary({**self, name: asked}, self.own_entries)


@cache
def _shipped() -> Dictionary:
    return _load(data_file("variables.yaml"))


def _load(path: Path) -> Dictionary:
    try:
        entries = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MapError(f"data dictionary {path.name}: {error}") from error
    if not isinstance(entries, dict) or not entries:
        raise MapError(f"data dictionary {path.name}: must map names of variables to entries")
    variables = {name: _variable(name, entry) for name, entry in entries.items()}
    return Dictionary(variables, {n: e for n, e in entries.items() if e.get("own") is True})


def _variable(name: Any, entry: Any) -> Variable:
    if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
        raise MapError(f"data dictionary: {name!r} is not a name in lower case and underscores")
    if not isinstance(entry, dict):
        raise MapError(f"data dictionary, {name}: must map keys to values")
    for key in entry:
        if key not in _KEYS:
            raise _wrong(name, key, f"is not known (known: {', '.join(_KEYS)})")
    for key in _TEXT_KEYS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise _wrong(name, key, "must be a text")
    kind = _kind(name, entry["kind"])
    _require_keys_of_kind(name, kind, entry)
    low, high = _limits(name, kind, entry)
    return Variable(
        name=name,
        label=entry["label"],
        group=_group(name, entry),
        kind=kind,
        evidence=entry["evidence"],
        source=entry["source"],
        unit=_optional_text(name, "unit", entry),
        units=_units(name, entry) if kind == "number" else {},
        low=low,
        high=high,
        codes=_codes(name, entry) if kind == "category" else (),
        monotone=_monotone(name, entry.get("monotone", 0)),
        loinc=_optional_text(name, "loinc", entry),
        recorded_only=_optional_text(name, "recorded_only", entry),
        own=entry.get("own") is True,
        priors=_priors(name, entry.get("prior", {})),
        **_growth(name, entry.get("growth", {})),
    )


def _priors(name: str, given: Any) -> dict[str, Prior]:
    if not isinstance(given, dict) or not all(isinstance(feature, str) for feature in given):
        raise _wrong(name, "prior", "must map features to what is known of them")
    priors = {}
    for feature, entry in given.items():
        try:
            priors[feature] = read_prior(entry)
        except ValueError as error:
            raise _wrong(name, "prior", f"of {feature} {error}") from None
    return priors


def _growth(name: str, given: Any) -> dict[str, Any]:
    """What is known of a variable's effect on calcium, beside the priors of its features."""
    if given == {}:
        return {}
    if given == {"directed": True}:
        return {"directed_growth": True}
    if isinstance(given, dict) and set(given) == {"none"} and isinstance(given["none"], str):
        return {"no_growth": given["none"]}
    what = "must be {directed: true}, or {none: why no effect on calcium is established}"
    raise _wrong(name, "growth", what)


def _wrong(name: str, key: object, what: str) -> MapError:
    return MapError(f"data dictionary, {name}: key {key!r} {what}")


def _one_of(name: str, key: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise _wrong(name, key, f"is {value!r}, must be one of {', '.join(known)}")
    return value


def _group(name: str, entry: dict[str, Any]) -> str:
    # also in models that were kept when such a variable had a group of the dictionary
    own = entry.get("own") is True
    return OWN_GROUP if own else _one_of(name, "group", entry["group"], GROUPS)


def _kind(name: str, value: str) -> Kind:
    for kind in KINDS:
        if value == kind:
            return kind
    raise _wrong(name, "kind", f"is {value!r}, must be one of {', '.join(KINDS)}")


def _require_keys_of_kind(name: str, kind: Kind, entry: Mapping[str, Any]) -> None:
    needed = {"number": ("unit", "low", "high"), "category": ("codes",), "boolean": ()}[kind]
    allowed = {"number": _NUMBER_KEYS, "category": ("codes",), "boolean": ()}[kind]
    for key in needed:
        if key not in entry:
            raise _wrong(name, key, f"is missing: every {kind} has one")
    for key in (*_NUMBER_KEYS, "codes"):
        if key in entry and key not in allowed:
            raise _wrong(name, key, f"does not belong to a {kind}")


def _optional_text(name: str, key: str, entry: Mapping[str, Any]) -> str | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise _wrong(name, key, "must be a text")
    return value


def _number(name: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, key, "must be a number")
    return float(value)


def _limits(
    name: str, kind: Kind, entry: Mapping[str, Any]
) -> tuple[float, float] | tuple[None, None]:
    if kind != "number":
        return None, None
    low, high = (_number(name, key, entry[key]) for key in ("low", "high"))
    if not low < high:
        raise _wrong(name, "low", "must be below 'high'")
    return low, high


def _units(name: str, entry: Mapping[str, Any]) -> dict[str, Conversion]:
    given = entry.get("units", {})
    if not isinstance(given, dict) or not all(isinstance(unit, str) for unit in given):
        raise _wrong(name, "units", "must map units to factors")
    if entry["unit"] in given:
        raise _wrong(name, "units", "must not repeat the canonical unit")
    others = {unit: _conversion(name, value) for unit, value in given.items()}
    return {entry["unit"]: Conversion(1.0), **others}


def _conversion(name: str, value: Any) -> Conversion:
    parts = value if isinstance(value, list) else [value]
    if len(parts) not in (1, 2):
        raise _wrong(name, "units", "must hold a factor or [factor, offset]")
    conversion = Conversion(*(_number(name, "units", part) for part in parts))
    if conversion.factor <= 0:
        raise _wrong(name, "units", "must hold factors above zero")
    return conversion


def _codes(name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    codes = entry["codes"]
    texts = isinstance(codes, list) and all(isinstance(code, str) for code in codes)
    if not texts or len(codes) < 2 or len(set(codes)) < len(codes):
        raise _wrong(name, "codes", "must list two or more different texts")
    return tuple(codes)


def _monotone(name: str, value: Any) -> int:
    if isinstance(value, bool) or value not in (-1, 0, 1):
        raise _wrong(name, "monotone", "must be -1, 0 or 1")
    return int(value)
