"""What was not used of a health record, or not as it stands: counted, never a value."""

from __future__ import annotations

from typing import Literal, NamedTuple

from features.intake.fhir.elements.json_elements import Coding


class Loss(NamedTuple):
    """One thing not used: a code without a meaning (system and code), or a reason and a code.

    A remark is of a value that is used, and of what must be known of it.
    """

    table: Literal["unmapped", "left_out", "remarks"]
    resource: str
    reason: str
    detail: str


class Losses:
    """Collects what is not used of one resource, until `drain` takes it."""

    def __init__(self) -> None:
        self._found: list[Loss] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def miss(self, resource: str, codings: tuple[Coding, ...]) -> None:
        """No code of a resource is known: each of its codes counts."""
        for coding in codings or (Coding("", "", ""),):
            self._found.append(Loss("unmapped", resource, coding.system, coding.code))

    def leave_out(self, resource: str, reason: str, detail: str = "") -> None:
        """A resource, or a part of it, is not used. ``detail``: a code, never a value."""
        self._found.append(Loss("left_out", resource, reason, detail))

    def remark(self, resource: str, reason: str, detail: str = "") -> None:
        """A value is used though it may not be what it seems. ``detail``: a code, never a value."""
        self._found.append(Loss("remarks", resource, reason, detail))

    def drain(self) -> list[Loss]:
        """What was collected; the collection is empty afterwards."""
        found, self._found = self._found, []
        return found
