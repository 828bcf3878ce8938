"""The rule on small counts: one constant for every table, profile and model that leaves the site.

A number of patients from 1 to 9 may point at single persons; so may one that is had by taking shown
numbers from one another. So small numbers are not told, and the others are told in tens: then no
difference of them is exact (docs/decisions/0027).
"""

from __future__ import annotations

SMALLEST_COUNT = 10
"""The smallest number of patients, above zero, that is told."""

SMALL = f"<{SMALLEST_COUNT}"
"""What stands in place of a smaller one."""


def is_small(count: int) -> bool:
    """Whether this number of patients may point at single persons: 1 to 9."""
    return 0 < count < SMALLEST_COUNT


def round_count(count: float) -> int:
    """A number of patients, weighted or not, to the nearest ten."""
    return int((count + SMALLEST_COUNT // 2) // SMALLEST_COUNT * SMALLEST_COUNT)


def tell_count(count: int) -> str:
    """``0``, ``<10`` or the number to the nearest ten."""
    return SMALL if is_small(count) else f"{round_count(count)}"


def tell_count_and_share(count: int, of: int) -> str:
    """``120 (4.0 %)`` of the patients counted, both in tens; ``<10``; empty of nobody."""
    if not of:
        return ""
    if is_small(count) or is_small(of):
        return SMALL
    return f"{round_count(count)} ({100 * min(1.0, round_count(count) / round_count(of)):.1f} %)"
