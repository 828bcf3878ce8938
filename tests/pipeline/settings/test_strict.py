from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from features.errors import ConfigError
from pipeline.settings.strict_sections import build, within


@dataclass(frozen=True)
class Inner:
    depth: int = within(low=1, high=9)


@dataclass(frozen=True)
class Outer:
    inner: Inner
    kind: Literal["random", "site"]
    file: str | None
    names: tuple[str, ...]
    on: bool
    share: float = within(low=0, high=1)


GOOD: dict[str, Any] = {
    "inner": {"depth": 3},
    "kind": "site",
    "file": None,
    "names": ["a", "b"],
    "on": True,
    "share": 1,
}


def test_a_mapping_that_fits_becomes_the_dataclass_and_whole_numbers_may_stand_for_numbers() -> (
    None
):
    built = build(Outer, GOOD)
    assert built == Outer(Inner(3), "site", None, ("a", "b"), True, 1.0)
    assert isinstance(built.share, float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shar": 1}, "shar is not a known key. Did you mean share?"),
        ({"inner": {"dept": 3}}, "inner.dept is not a known key. Did you mean inner.depth?"),
        ({"zzz": 1}, "zzz is not a known key. Known here: inner, kind, file, names, on, share"),
        ({"inner": {}}, "inner.depth is missing; it takes a whole number"),
        ({"inner": None}, "inner must be a mapping of keys to values"),
        ({"inner": {"depth": "3"}}, "inner.depth must be a whole number, got text"),
        ({"inner": {"depth": 3.5}}, "inner.depth must be a whole number, got a number"),
        ({"inner": {"depth": True}}, "inner.depth must be a whole number, got true or false"),
        ({"inner": {"depth": 0}}, "inner.depth must be at least 1 and at most 9, got 0"),
        ({"kind": "sight"}, "kind must be one of random, site. Did you mean site?"),
        ({"file": 3}, "file must be text, got a whole number"),
        ({"names": "a"}, "names must be a list"),
        ({"names": ["a", 2]}, "names[1] must be text, got a whole number"),
        ({"on": 1}, "on must be true or false, got a whole number"),
        ({"share": float("nan")}, "share must be at least 0 and at most 1, got nan"),
    ],
)
def test_whatever_does_not_fit_is_an_error_that_names_its_key(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Outer, {**GOOD, **change})
    assert str(caught.value) == f"params.yaml: {message}"


def test_a_file_that_is_not_a_mapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="the file must be a mapping"):
        build(Outer, ["inner"])
