"""How a text file is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, where that is declared; empty: found out."""

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
