"""Which cases of a long list run in `make test`; the others are slow."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

Case = TypeVar("Case")


def fast_only(fast: Container[Case], cases: Iterable[Case]) -> list[ParameterSet]:
    """The cases as parameters of a test, all marked slow but the fast ones."""
    return [_as_parameter(case, case in fast) for case in cases]


def fast_each(nth: int, cases: Sequence[Case]) -> list[ParameterSet]:
    """The cases as parameters of a test; the first and each nth after it are not slow."""
    return [_as_parameter(case, at % nth == 0) for at, case in enumerate(cases)]


def _as_parameter(case: object, is_fast: bool) -> ParameterSet:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=() if is_fast else pytest.mark.slow)
