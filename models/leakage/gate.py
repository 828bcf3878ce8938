"""The gate: every check in turn, and which of the leaks a written reason lets pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from features.errors import CohortError, ConfigError
from models.leakage.checks.after_entry import check_follow_up
from models.leakage.checks.carriers import check_carriers
from models.leakage.checks.clock import check_dates, check_times
from models.leakage.checks.duplicates import check_duplicates
from models.leakage.checks.identifiers import check_identifiers
from models.leakage.checks.immortal_time import check_immortal_time
from models.leakage.checks.names import check_names
from models.leakage.checks.outcome import check_outcome
from models.leakage.checks.site_proxy import check_site
from models.leakage.checks.too_good import check_too_good
from models.leakage.inspected_cohort import Subject
from models.leakage.leak import Leak
from models.leakage.limits import Limits

CHECKS: tuple[Callable[[Subject, Limits], Iterator[Leak]], ...] = (
    check_names,
    check_identifiers,
    check_duplicates,
    check_outcome,
    check_dates,
    check_times,
    check_follow_up,
    check_carriers,
    check_immortal_time,
    check_site,
    check_too_good,
)

FINDINGS = (
    *("name", "identifier", "duplicate", "event", "competing", "time", "missingness", "dates"),
    *("equal_times", "follow_up", "rate", "share", "immortal_time", "site", "too_good"),
)
"""What a reason may accept of a column, one by one."""

SHORTEST_REASON = 15
"""Characters: "ok" is no reason."""


def find_leaks(subject: Subject, limits: Limits | None = None) -> tuple[Leak, ...]:
    """Every leak, by check and then by column; a column may be told by several checks."""
    given = limits or Limits()
    return tuple(leak for check in CHECKS for leak in check(subject, given))


@dataclass(frozen=True)
class Verdict:
    """What was found, and for which findings (``Leak.key``) a reason to accept it was given."""

    leaks: tuple[Leak, ...]
    accepted: Mapping[str, str]

    def __post_init__(self) -> None:
        for key, reason in self.accepted.items():
            column, _, finding = key.rpartition(".")
            if not column or finding not in FINDINGS:
                raise ConfigError(
                    f"params.yaml: leakage.accepted.{key}: a reason accepts one finding of one "
                    f"column, such as age.too_good (findings: {', '.join(FINDINGS)})"
                )
            if len(reason.strip()) < SHORTEST_REASON:
                raise ConfigError(
                    f"params.yaml: leakage.accepted.{key}: write why it is no leak, in "
                    f"{SHORTEST_REASON} characters or more"
                )

    @property
    def open(self) -> tuple[Leak, ...]:
        """The leaks that no reason is given for."""
        return tuple(leak for leak in self.leaks if leak.key not in self.accepted)

    @property
    def passed(self) -> bool:
        """Whether the run may go on."""
        return not self.open

    def require_passed(self, where: str) -> None:
        """Raise CohortError with every open leak at once."""
        if not self.passed:
            problems = [leak.to_problem() for leak in self.open]
            raise CohortError(problems, f"Leakage in {where}")

    def to_dict(self) -> dict[str, object]:
        """For JSON: the leaks, each with the reason it was accepted for or None."""
        return {
            "passed": self.passed,
            "leaks": [
                {**leak.to_dict(), "accepted": self.accepted.get(leak.key)} for leak in self.leaks
            ],
        }
