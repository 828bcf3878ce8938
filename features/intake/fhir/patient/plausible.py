"""Values that are possible at all: the same ranges as in a file."""

from __future__ import annotations

from collections.abc import Iterable

from features.dictionary.variable import Variable


class ImpossibleValueError(Exception):
    """A value that counts is out of the possible range; the text is the rule."""


def require_possible(numbers: Iterable[float], variable: Variable) -> None:
    """Every value by itself: two impossible ones can have a possible mean.

    Raises ImpossibleValueError.
    """
    low, high = variable.low, variable.high
    if low is None or high is None:
        return
    if any(not low <= number <= high for number in numbers):
        rule = f"{variable.name} outside {low:g} to {high:g} {variable.unit}"
        raise ImpossibleValueError(rule)
