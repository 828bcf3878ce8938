"""A derivation: how one feature is made from the columns, and whom a clinician sees in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from features.array_types import FloatArray
from features.derivation.arrays import log_plus_one
from features.derivation.columns import Columns

RECORDED = "as recorded"


@dataclass(frozen=True)
class Derivation:
    """``compute`` makes the feature, (n,), from the columns; row by row, nothing fitted.

    ``variable`` is the dictionary variable the feature is credited to. ``monotone`` is None
    where the direction of that variable holds; another direction needs ``why_monotone``.
    ``shown_only``: why no model learns from the feature, "" where models do.
    """

    name: str
    variable: str
    compute: Callable[[Columns], FloatArray]
    meaning: str
    source: str
    monotone: int | None = None
    why_monotone: str = ""
    shown_only: str = ""


def recorded(*variables: str) -> tuple[Derivation, ...]:
    """Each variable as it is recorded, in its canonical unit."""
    return tuple(_recorded(variable) for variable in variables)


def _recorded(variable: str) -> Derivation:
    return Derivation(variable, variable, lambda columns: columns[variable], RECORDED, "")


def logged(*variables: str) -> tuple[Derivation, ...]:
    """``log_<variable>``: ln(x + 1) of each variable, the scale that suits a log hazard."""
    return tuple(_logged(variable) for variable in variables)


def _logged(variable: str) -> Derivation:
    return Derivation(
        f"log_{variable}",
        variable,
        lambda columns: log_plus_one(columns[variable]),
        "ln(x + 1)",
        "",
    )


def coded(variable: str, *codes: str) -> tuple[Derivation, ...]:
    """``<variable>_<code>``: 1 where the category has the code, one feature for each code."""
    return tuple(_coded(variable, code) for code in codes)


def _coded(variable: str, code: str) -> Derivation:
    return Derivation(
        f"{variable}_{code}",
        variable,
        lambda columns: columns.is_code(variable, code),
        f"{code.replace('_', ' ')}: yes or no",
        "",
    )
