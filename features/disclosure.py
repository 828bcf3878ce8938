"""The rule on small counts: one constant for every table, profile and model that leaves the site.

A number of patients from 1 to 9 may point at single persons; so may one that is had by taking shown
numbers from one another. So small numbers are not told, and the others are told in tens: then no
difference of them is exact (docs/decisions/0027).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SMALLEST_COUNT = 10
"""The smallest number of patients, above zero, that is told."""

FEWEST_FOR_A_SHARE = 20 * SMALLEST_COUNT
"""Patients from which on counts in tens have shares: below, these would be many points off."""

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


def say_count(told: int | str) -> str:
    """A count in a sentence: ``3,148`` exactly; ``about 770`` in tens, ``<10``, by `tell_count`."""
    if isinstance(told, int):
        return f"{told:,}"
    return f"about {int(told):,}" if told.isdigit() else told


def tell_missing(count: int, of: int) -> str:
    """``120 (4.0 %)``: a count in tens, and its share of a number of patients that is told exactly.

    ``<10`` for a small one, ``all but <10`` where few have the value, all of them where nobody has
    it; without its share where rounding would move that by more than 5 points.
    """
    told, share = tell_absent(count, of), share_of_told(count, of)
    return told if share != share else f"{told} ({100 * share:.1f} %)"


def tell_absent(count: int, of: int) -> str:
    """How many of the patients lack a value, as `tell_missing` has it without the share."""
    if is_small(of - count):  # who has the value would be a small count
        return f"all but {SMALL}"
    return f"{of}" if count == of and not is_small(of) else tell_count(count)


def share_of_told(count: int, of: int) -> float:
    """The count in tens over all patients, 1 of all.

    NaN where it or what is left is small, or ``of`` below 100 and any.
    """
    if is_small(count) or is_small(of - count) or not of:
        return float("nan")
    if count == of:
        return 1.0
    if count and of < FEWEST_FOR_A_SHARE // 2:
        return float("nan")
    return min(1.0, round_count(count) / of)


def tell_risk(risk: float, of: int) -> float:
    """A mean risk, or what a risk follows from, in steps as wide as tens of the ``of`` patients.

    Told exactly, an observed risk is a fraction of whole numbers: with patients and events in tens
    it gives both, and the small group that is left by subtraction. Steps are 1, 2 or 5 in their
    first digit. NaN stays NaN.
    """
    if not (of > 0 and math.isfinite(risk)):
        return float("nan")
    least = min(1.0, SMALLEST_COUNT / of)
    unit = 10.0 ** math.floor(math.log10(least) + 1e-9)
    step = unit * next(one for one in (1, 2, 5, 10) if unit * one >= least * (1 - 1e-9))
    return round(round(risk / step) * step, 10)


def tell_levels(counts: Sequence[int], missing: int = 0) -> list[str]:
    """``60 (25 %)`` for each level of a variable: counts in tens that add up, and their shares.

    ``missing``: patients of the same group without a value. The tens of the levels add up to what
    readers know of the group already, how many it has, how many of them lack the value (0, fewer
    than ten, tens) and how many levels are small: so that no small level is had by subtraction
    (were each rounded for itself, of 91 patients told as 50, 50 and <10 one would be the third).
    Shares are of these tens, a small level taken as 5: they add up to 100 %, and are told where
    rounding moves none by more than some 5 points. A group in which all levels could be small tells
    no more than a bound: ``<30`` of two. Empty of nobody.
    """
    known, levels = sum(counts), sum(count > 0 for count in counts)
    if not known:
        return ["" for _ in counts]
    told_missing = SMALLEST_COUNT // 2 if is_small(missing) else round_count(missing)
    of = known + missing - told_missing
    if of < SMALLEST_COUNT * levels + SMALLEST_COUNT // 2:
        # also where they are no more than nine each
        return [f"<{SMALLEST_COUNT * (levels + 1)}" if count else "0" for count in counts]
    n_small = sum(map(is_small, counts))
    hidden = SMALLEST_COUNT // 2 * n_small
    tens = _tens_that_add_up(counts, round_count(of - hidden))
    whole = sum(tens.values()) + hidden
    decimals = 1 if whole >= 1_000 else 0
    return [
        SMALL
        if is_small(count)
        else f"{tens.get(i, 0)}"
        if whole < FEWEST_FOR_A_SHARE
        else f"{tens.get(i, 0)} ({100 * tens.get(i, 0) / whole:.{decimals}f} %)"
        for i, count in enumerate(counts)
    ]


def _tens_that_add_up(counts: Sequence[int], total: int) -> dict[int, int]:
    """Counts that are not small in tens, by position; whoever is moved least makes up the rest."""
    tens = {i: round_count(count) for i, count in enumerate(counts) if count >= SMALLEST_COUNT}
    rest = max(total, SMALLEST_COUNT * len(tens)) - sum(tens.values())
    while tens and rest:
        step = SMALLEST_COUNT if rest > 0 else -SMALLEST_COUNT
        free = [i for i, told in tens.items() if told + step >= SMALLEST_COUNT]
        moved = max(free, key=lambda i: (counts[i] - tens[i]) * step)
        tens[moved] += step
        rest -= step
    return tens
