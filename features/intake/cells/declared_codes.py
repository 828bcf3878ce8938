"""What a file of SAS, Stata or SPSS says of its codes: labels, and which are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

MISSING_MARK = "missing "
"""What stands before a code that the file declares missing, so that it is no value."""


@dataclass(frozen=True)
class DeclaredCodes:
    """Of one column: ``labels`` by code, and the codes (or ranges of them) that mean missing."""

    labels: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[tuple[float, float], ...] = ()
    missing_texts: frozenset[str] = frozenset()

    def is_missing(self, code: str) -> bool:
        """Whether the file says that this code stands for no value."""
        try:
            number = float(code)
        except ValueError:
            return code in self.missing_texts
        return any(low <= number <= high for low, high in self.missing)

    def cell(self, code: str) -> str:
        """The cell that this code is read as."""
        return f"{MISSING_MARK}{code}" if self.is_missing(code) else code


@runtime_checkable
class Declares(Protocol):
    """A source that knows what codes mean."""

    @property
    def declared(self) -> Mapping[str, DeclaredCodes]:
        """By column."""
