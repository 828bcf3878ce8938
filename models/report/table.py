"""A table as a reader sees it: words in every cell, and how numbers are written in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

ABSENT, MINUS, UNBROKEN = "–", "−", "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; the first cell of a row names it.

    ``prose``: positions of columns that hold words and are set flush left.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    prose: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows)


def format_number(value: Any, decimals: int) -> str:
    """The number with so many decimals; a dash where it is missing, the text where it is text."""
    if value is None or value is pd.NA or value != value:
        return ABSENT
    if isinstance(value, str):
        return value
    rounded = f"{float(value):,.{decimals}f}"
    return rounded.removeprefix("-") if not rounded.strip("-0.,") else rounded.replace("-", MINUS)


def decimals_told(values: Iterable[float], most: int) -> int:
    """As many decimals as the figures have, ``most`` at most: none that would only be zeros."""
    finite = [value for value in values if value == value]
    return next(n for n in range(most + 1) if n == most or all(v == round(v, n) for v in finite))


def format_signed(value: Any, decimals: int) -> str:
    """`format_number` with the sign always written, but for zero."""
    text = format_number(value, decimals)
    return f"+{text}" if text[0].isdigit() and text.strip("0.,") else text


def format_interval(estimate: Any, lower: Any, upper: Any, decimals: int) -> str:
    """``0.765`` with ``(0.742 to 0.788)`` on the next line, where there are limits."""
    own = format_number(estimate, decimals)
    limits = [format_number(limit, decimals) for limit in (lower, upper)]
    return own if ABSENT in limits or own == ABSENT else f"{own}\n{_limits(*limits)}"


def format_gain(estimate: Any, lower: Any, upper: Any, decimals: int) -> str:
    """`format_interval` with the sign always written."""
    signed = [format_signed(value, decimals) for value in (estimate, lower, upper)]
    return signed[0] if ABSENT in signed else f"{signed[0]}\n{_limits(*signed[1:])}"


def _limits(lower: str, upper: str) -> str:
    return f"({lower} to {upper})".replace(" ", UNBROKEN)


def count(value: Any) -> str:
    """A count of patients: ``4,215``; texts such as ``<10`` stay."""
    return format_number(value, 0)


def plain_table(
    frame: pd.DataFrame, headings: Mapping[str, str], prose: Iterable[str] = ()
) -> Table:
    """The columns of ``headings`` that the frame has, numbers to four significant digits."""
    kept = [name for name in headings if name in frame.columns]
    words = set(prose)
    rows = tuple(
        tuple(_plain(value) for value in row)
        for row in frame[kept].itertuples(index=False, name=None)
    )
    places = tuple(i for i, name in enumerate(kept) if name in words)
    return Table(tuple(headings[name] for name in kept), rows, places)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ABSENT
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def join_names(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def quote_code(text: str) -> str:
    """Backticks, as maps have them, made quotation marks."""
    return re.sub(r"`([^`]*)`", r"“\1”", text)


def write_markdown(table: Table) -> str:
    """The table in Markdown, without a line break in a cell."""
    lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    cells = (
        [cell.replace("\n", " ").replace(UNBROKEN, " ").replace("|", "\\|") for cell in line]
        for line in lines
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
