"""The columns of the output: what is asked for, what each is called and what it means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from features.covariate_fingerprint import FINGERPRINT
from features.errors import ConfigError
from models.progression.two_scans.change import DEFINITIONS, SEEN_BEFORE, SENTENCES, VANISHED

IDENTIFIER = "patient_id"
MOST_REASONS = 100
MISSING = "__missing"
"""What is kept of a batch beside its output: names of the important inputs that a patient lacks."""
SOURCE_COLUMNS = ("model", "version", "digest", "run_id")


@dataclass(frozen=True)
class Categories:
    """Categories of risk: ``names`` has one more than ``thresholds`` (fractions, ascending).

    They are those of the risk by ``horizon`` (years): where the last one asked for is another, the
    column is empty. A risk at a threshold belongs to the category above it. ``withheld``: why
    nobody has one, "" where some do.
    """

    thresholds: tuple[float, ...] = (0.05, 0.075, 0.2)
    names: tuple[str, ...] = ("low", "borderline", "intermediate", "high")
    horizon: float = 10.0
    withheld: str = ""

    def of_death(self) -> Categories:
        """Those of a risk of death from any cause: none where thresholds are the guideline's."""
        if self.thresholds != Categories.thresholds:
            return self
        why = "thresholds are the guideline's for cardiovascular events, and any death is the event"
        return replace(self, withheld=why)

    def __post_init__(self) -> None:
        if len(self.names) != len(self.thresholds) + 1 or list(self.thresholds) != sorted(
            set(self.thresholds)
        ):
            raise ConfigError(
                "score.categories needs ascending thresholds and one name more than thresholds"
            )


@dataclass(frozen=True)
class Comparison:
    """The published score that risks are held against, and the ratio from which they disagree."""

    score: str = "mesa_chd_cac"
    ratio: float = 2.0


ONLY_CERTAIN = (
    "contributions whose 90 % interval, or that of all that describes the same thing, does not "
    "hold 0 are named"
)
"""Which are reasons (`models.uncertainty.certain_reasons`)."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of the scores.

    ``horizons``: years, None for those trained for. ``reasons``: how many. ``points``: "text" for
    "Age +4.2", "column" for the number apart. ``keep``: columns of the source to carry through.
    ``comparison``: None for no comparison with a published score.
    """

    horizons: tuple[float, ...] | None = None
    reasons: int = 3
    points: Literal["text", "column"] = "text"
    intervals: bool = True
    keep: tuple[str, ...] = ()
    categories: Categories = field(default_factory=Categories)
    comparison: Comparison | None = field(default_factory=Comparison)

    def __post_init__(self) -> None:
        if not 0 <= self.reasons <= MOST_REASONS:
            raise ConfigError(
                f"--reasons: from 0 to {MOST_REASONS}, as many as there are variables"
            )


def describe_columns(
    wanted: Wanted, years: Sequence[float], with_intervals: bool, with_change: bool = False
) -> Mapping[str, dict[str, Any]]:
    """Every column of the output in its order: its type, and what it means.

    ``with_change``: the source tells of an earlier scan.
    """
    last = f"{years[-1]:g}"
    told: dict[str, dict[str, Any]] = {
        IDENTIFIER: text_column("patient identifier, as in the source")
    }
    for year in years:
        risk = f"{year:g}-year risk of the event, as a fraction"
        told[f"risk_{year:g}y"] = number_column(risk)
        if with_intervals:
            told[f"risk_{year:g}y_low"] = number_column(f"lower 90 % limit of the {risk}")
            told[f"risk_{year:g}y_high"] = number_column(f"upper 90 % limit of the {risk}")
    names, steps = wanted.categories.names, wanted.categories.thresholds
    told["risk_category"] = {
        **text_column(
            f"empty: {wanted.categories.withheld}"
            if wanted.categories.withheld
            else f"category of the {wanted.categories.horizon:g}-year risk, empty where the last "
            "horizon is another; a risk at a threshold belongs to the category above it"
        ),
        "categories": list(names),
        "thresholds": list(steps),
    }
    reason = f"the {last}-year risk"
    reasons = wanted.reasons, wanted.points, "percentage points"
    told |= describe_reasons(reason, *reasons, with_intervals)
    told["missing_inputs"] = whole_column(
        "number of important inputs neither recorded nor worked out from others"
    )
    told["outside_training"] = text_column("inputs outside the training range, separated by '; '")
    told["imputed_cac"] = whole_column("1 where the calcium score was missing and imputed")
    if wanted.comparison is not None:
        told["reference_disagrees"] = whole_column(
            f"1 where the risk and {wanted.comparison.score} differ by a factor of "
            f"{wanted.comparison.ratio:g} or more; empty where that score cannot be computed"
        )
    if with_change:
        told |= describe_change()
    made_of = "fingerprint of the covariates that the risk was computed from"
    told[FINGERPRINT] = whole_column(made_of)
    return {**told, **describe_origin(wanted.keep)}


def describe_reasons(
    outcome: str,
    n_reasons: int,
    points: Literal["text", "column"],
    unit: str,
    with_intervals: bool = True,
) -> dict[str, dict[str, Any]]:
    """The columns of reasons, the unit of their contributions in the text or in a column.

    ``with_intervals``: the model knows how sure it is of a contribution, and names no other.
    """
    rule = f"; only {ONLY_CERTAIN}" if with_intervals else ""
    told = {}
    for rank in range(1, n_reasons + 1):
        reason = f"contributor number {rank} to {outcome}, by size{rule}; empty where there is none"
        if points == "column":
            told[f"reason_{rank}"] = text_column(reason)
            told[f"reason_{rank}_points"] = number_column(
                f"contribution of reason_{rank} in {unit}; empty where there is none"
            )
        else:
            told[f"reason_{rank}"] = text_column(f"{reason}. With its contribution in {unit}")
    return told


def describe_change() -> dict[str, dict[str, Any]]:
    """The columns on the change since an earlier scan, by published limits and laws alone."""
    verdicts = ", ".join(SENTENCES)
    empty = "empty where the scans are not comparable"
    return {
        "change_verdict": text_column(
            "the change of the calcium score since the earlier scan by the published limits of a "
            f"rescan: {verdicts}; empty without an earlier score"
        ),
        "volume_verdict": text_column("the same of the calcium volume"),
        "change_per_year": number_column(f"{DEFINITIONS['agatston_per_year']}; {empty}"),
        "percent_per_year": number_column(f"{DEFINITIONS['percent_per_year']}; {empty}"),
        "root_change": number_column(f"{DEFINITIONS['root_change']}; {empty}"),
        "growth_published": text_column(
            "slow, expected or rapid for age and sex by the published law (Heinz Nixdorf Recall), "
            f"empty where it does not speak; {empty}"
        ),
        "densified": whole_column(
            "1 where a real rise on a statin goes with no more calcium of low density: plaque grew "
            "denser, no reason to stop"
        ),
        VANISHED: whole_column(f"1 where {SEEN_BEFORE}"),
    }


def describe_origin(keep: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The columns carried through, and those that say what a row was made by."""
    return {
        **{name: text_column("copied from the source") for name in keep},
        "model": text_column("name of the model"),
        "version": text_column("its version in the registry, empty for a folder"),
        "digest": text_column("SHA-256 of the model"),
        "run_id": text_column("scoring run; the same input, model and settings give the same"),
    }


def refuse_clashes(keep: Sequence[str], named: Collection[str]) -> None:
    """Raises ConfigError where a column to be kept is called like one of the scores."""
    clash = [name for name in keep if name in named]
    if clash or len(set(keep)) < len(keep):
        raise ConfigError(
            f"--keep {', '.join(clash) or ', '.join(keep)}: the output has a column of that name "
            "already. Rename it in the source"
        )


def text_column(meaning: str) -> dict[str, Any]:
    """A column of texts."""
    return {"type": "string", "meaning": meaning}


def number_column(meaning: str) -> dict[str, Any]:
    """A column of numbers."""
    return {"type": "double", "meaning": meaning}


def whole_column(meaning: str) -> dict[str, Any]:
    """A column of whole numbers."""
    return {"type": "int64", "meaning": meaning}
