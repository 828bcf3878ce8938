"""One leak: which check, which column, what was measured, what to do. Never a patient's value."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from features.errors import Problem


@dataclass(frozen=True)
class Leak:
    """``measured`` is a figure over many patients, in words; ``rows`` how many, where counted.

    ``finding``: which of the findings of its check it is, where that has several.
    """

    check: str
    column: str
    measured: str
    remedy: str
    rows: int | None = None
    finding: str = ""

    @property
    def key(self) -> str:
        """What a written reason accepts: this finding in this column, and no other."""
        return f"{self.column}.{self.finding or self.check}"

    def to_problem(self) -> Problem:
        """The leak as a problem of the cohort."""
        accepted = f'leakage.accepted, "{self.key}"'
        remedy = f"{self.remedy}. If it is no leak, write why in params.yaml: {accepted}"
        return Problem(self.column, self.measured, remedy, self.rows)

    def to_dict(self) -> dict[str, str | int | None]:
        """For JSON."""
        return {**asdict(self), "key": self.key}
