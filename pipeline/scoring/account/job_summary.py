"""What a scoring job did, told so that no single patient can be read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from features.intake.sources.source import KnowsRecorded, filled_columns
from pipeline.scoring.account.counts import Account, Tally
from pipeline.scoring.columns import ONLY_CERTAIN
from pipeline.scoring.job_setup import Job

# With fewer rows, nearly all the time is that of the start.
_WORTH_A_RATE = 200
# Share of rows without a reason from which on the summary says why.
_MANY_UNREASONED = 0.1


@dataclass(frozen=True)
class JobSummary:
    """What became of a source: every one of ``n_rows`` is worked out or rejected."""

    out: Path
    rejects: Path
    schema: Path
    model: str
    n_rows: int
    n_scored: int
    n_rejected: int
    why_rejected: str
    lacks_lesions: bool
    unused: tuple[str, ...]
    absent: tuple[str, ...]
    unlearnt: tuple[str, ...]
    numbered: bool
    distribution: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float

    @staticmethod
    def figures(job: Job, account: Account, seconds: float) -> dict[str, Any]:
        """The fields that every finished job has."""
        request = job.request
        return {
            "out": request.out,
            "rejects": request.rejects,
            "schema": request.schema,
            "model": f"{job.rules.about.name} {job.version}".strip(),
            "n_rows": account.n_scored + account.n_rejected,
            "n_scored": account.n_scored,
            "n_rejected": account.n_rejected,
            "why_rejected": account.describe_rejects(),
            "lacks_lesions": job.lacks_lesions,
            "unused": job.unused,
            "absent": job.absent,
            "unlearnt": job.rules.name_unlearnt(filled_columns(job.source)),
            "numbered": job.rules.rows.cohort_map.patient_id is None,
            "distribution": tuple(account.describe()),
            "notes": (*job.notes, *job.source.notes(), *account.notes()),
            "seconds": seconds,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` gave of a job that was killed while it cleaned up."""
        places = {name: Path(stored[name]) for name in ("out", "rejects", "schema")}
        texts = {name: tuple(one) for name, one in stored.items() if isinstance(one, list)}
        notes = ("It was finished already; what a killed job had left behind it is removed",)
        return cls(**{**stored, **places, **texts, "notes": (*stored["notes"], *notes)})

    @property
    def opening(self) -> list[str]:
        """The first lines: what was worked out, and of what kind it is."""
        return [f"{self.n_scored:,} of {self.n_rows:,} rows by {self.model}: {self.out}"]

    def describe(self) -> str:
        """The summary as a person reads it."""
        because = f", {self.why_rejected}" if self.why_rejected else ""
        first, *more = self.opening
        lines = [first, f"{self.n_rejected:,} rejected{because}: {self.rejects}", *more]
        if self.absent:
            lines.append(f"Columns of the map that are not there: {', '.join(self.absent)}")
        if self.numbered:
            lines.append("No column names the patients: the output numbers their rows")
        if self.unused:
            lines.append(f"Columns not used: {', '.join(self.unused)}")
        if self.unlearnt:
            lines.append(
                "Read, but not learnt by this model, so no risk depends on it: "
                f"{'; '.join(self.unlearnt)}"
            )
        if self.lacks_lesions:
            lines.append(
                "The map reads calcium from a table of lesions; none was given (--lesions)"
            )
        took = f"{self.seconds:,.1f} s"
        if self.n_rows >= _WORTH_A_RATE:
            took += f", {self.n_rows / max(self.seconds, 1e-9):,.0f} rows/s"
        took += f"; columns explained in {self.schema}"
        return "\n".join([*lines, *self.notes, *self.distribution, took])


@dataclass(frozen=True)
class ScoreSummary(JobSummary):
    """How a source was scored."""

    missing: str
    empty: tuple[str, ...]
    n_outside: int
    n_imputed: int
    n_disagreeing: int
    mean_risks: dict[str, float]
    n_unreasoned: int = 0
    n_compared: int | None = None

    @classmethod
    def of(cls, job: Job, tally: Tally, seconds: float) -> ScoreSummary:
        """The summary of a finished job."""
        return cls(
            **cls.figures(job, tally, seconds),
            missing=tally.describe_missing(),
            # of records all columns are ours, whatever is in them: nobody can leave one out
            empty=() if isinstance(job.source, KnowsRecorded) else tally.empty,
            n_outside=tally.n_outside,
            n_imputed=tally.n_imputed,
            n_disagreeing=tally.n_disagreeing,
            mean_risks=tally.mean_risks,
            n_unreasoned=tally.n_unreasoned,
            n_compared=tally.n_compared,
        )

    @property
    def opening(self) -> list[str]:
        """What was scored, and what to know of it."""
        scored = f"{self.n_scored:,} of {self.n_rows:,} rows scored by {self.model}: {self.out}"
        if not self.n_scored:
            return [scored]
        return [
            scored,
            f"Important inputs of those scored: {self.missing}",
            *self._warn_of_empty(),
            f"{self.n_imputed:,} without a calcium score, {self.n_outside:,} with an input outside "
            f"the training range{self._tell_compared()}",
            *self._explain_no_reasons(),
        ]

    def _tell_compared(self) -> str:
        """How many are at odds with the published score, of those whom it has a risk for."""
        if self.n_compared is None:
            return ""
        if self.n_compared == 0:
            by = list(self.mean_risks)[-1].removeprefix("risk_").removesuffix("y")
            return f"; the published score has no {by}-year risk of them to compare with"
        at_odds = f"{self.n_disagreeing:,} at odds with the published score"
        if self.n_compared == self.n_scored:
            return f", {at_odds}"
        return f", {at_odds}, which has a risk for {self.n_compared:,} of them"

    def _explain_no_reasons(self) -> list[str]:
        if not self.n_unreasoned or self.n_unreasoned < _MANY_UNREASONED * self.n_scored:
            return []
        return [
            f"{self.n_unreasoned:,} of {self.n_scored:,} rows have no reason: only {ONLY_CERTAIN}, "
            "and this model is sure of none of theirs"
        ]

    def _warn_of_empty(self) -> list[str]:
        if not self.empty:
            return []
        return [
            f"Columns without a single value in the rows scored: {'; '.join(self.empty)}. Each gap "
            "counts as the patient's own; where nobody is measured, leave the column out"
        ]
