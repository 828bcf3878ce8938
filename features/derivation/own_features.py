"""Features of variables that a cohort map adds: as recorded, their owner told by their name."""

from __future__ import annotations

from collections.abc import Mapping

from features.derivation.derivation import RECORDED, Derivation, recorded
from features.dictionary.variable import OWN_GROUP, Variable

_SIGN = ":"


def derive_own(dictionary: Mapping[str, Variable]) -> tuple[Derivation, ...]:
    """Numbers and yes/no as recorded; of a category, each code but the first, yes or no."""
    own = (variable for variable in dictionary.values() if variable.own)
    return tuple(derivation for one in own for derivation in _derive(one))


def owner_of(feature: str) -> str:
    """The variable of one's own that a feature outside the catalogue is credited to."""
    return feature.partition(_SIGN)[0]


def group_of(feature: str) -> str:
    """The group of such a feature."""
    return OWN_GROUP


def _derive(variable: Variable) -> tuple[Derivation, ...]:
    if variable.kind != "category":
        return recorded(variable.name)
    return tuple(_coded(variable.name, code) for code in variable.codes[1:])


def _coded(variable: str, code: str) -> Derivation:
    return Derivation(
        f"{variable}{_SIGN}{code}",
        variable,
        lambda columns: columns.is_code(variable, code),
        f"{code}, {RECORDED}: yes or no",
        "",
    )
