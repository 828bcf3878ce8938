"""Turns a mapping read from YAML into frozen dataclasses; whatever does not fit is an error."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from features.errors import ConfigError

T = TypeVar("T")

_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    types.NoneType: "null",
}


def within(low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field without default whose value, or each of them, lies in [low, high]."""
    return dataclasses.field(metadata={"low": low, "high": high})


def build(cls: type[T], given: object, where: str = "", source: str = "params.yaml") -> T:
    """The dataclass filled from a mapping that must hold exactly its fields, rightly typed.

    ``where`` is the dotted path of the mapping inside ``source``. Raises ConfigError naming the
    key and, where it is unknown, the nearest known one.
    """
    if not isinstance(given, Mapping):
        raise ConfigError(f"{source}: {where or 'the file'} must be a mapping of keys to values")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    _refuse_unknown(list(given), list(fields), where, source)
    hints = typing.get_type_hints(cls)
    values = {}
    for name, field in fields.items():
        key = _join(where, name)
        if name not in given:
            raise ConfigError(f"{source}: {key} is missing; it takes {_expected(hints[name])}")
        values[name] = _convert(hints[name], given[name], key, source)
        _check_bounds(values[name], field.metadata, key, source)
    try:
        return cls(**values)
    except ConfigError as error:
        raise ConfigError(f"{source}: {_join(where, str(error))}") from None


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _refuse_unknown(given: list[Any], known: list[str], where: str, source: str) -> None:
    for key in given:
        if key in known:
            continue
        nearest = get_close_matches(str(key), known, n=1, cutoff=0.5)
        hint = (
            f"Did you mean {_join(where, nearest[0])}?"
            if nearest
            else f"Known here: {', '.join(known)}"
        )
        raise ConfigError(f"{source}: {_join(where, str(key))} is not a known key. {hint}")


def _convert(hint: Any, value: object, key: str, source: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _convert_union(inner, value, key, source)
    if origin is typing.Literal:
        if value not in inner:
            nearest = get_close_matches(str(value), [str(i) for i in inner], n=1)
            hint_text = f". Did you mean {nearest[0]}?" if nearest else ""
            raise ConfigError(f"{source}: {key} must be {_expected(hint)}{hint_text}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{source}: {key} must be a list")
        return tuple(_convert(inner[0], v, f"{key}[{i}]", source) for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{source}: {key} must be a mapping of keys to values")
        return {str(k): _convert(inner[1], v, f"{key}.{k}", source) for k, v in value.items()}
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[Any], hint), value, key, source)
    if not _fits(hint, value):
        got = _NAMES.get(type(value), f"a {type(value).__name__}")
        raise ConfigError(f"{source}: {key} must be {_expected(hint)}, got {got}")
    return float(typing.cast(float, value)) if hint is float else value


def _convert_union(inner: tuple[Any, ...], value: object, key: str, source: str) -> Any:
    if value is None and types.NoneType in inner:
        return None
    others = [hint for hint in inner if hint is not types.NoneType]
    return _convert(others[0], value, key, source)


def _fits(hint: Any, value: object) -> bool:
    if hint is bool:
        return isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and not isinstance(value, bool)


def _expected(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(str(choice) for choice in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return "a list"
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return " or ".join(_expected(part) for part in typing.get_args(hint))
    return _NAMES.get(hint, "a mapping")


def _check_bounds(value: Any, bounds: Mapping[str, Any], key: str, source: str) -> None:
    low, high = bounds.get("low"), bounds.get("high")
    for one in value if isinstance(value, tuple) else (value,):
        if one is None:
            continue
        if (low is not None and not one >= low) or (high is not None and not one <= high):
            edges = [f"at least {low}"] if low is not None else []
            edges += [f"at most {high}"] if high is not None else []
            raise ConfigError(f"{source}: {key} must be {' and '.join(edges)}, got {one}")
