"""The columns of the output: what is asked for, what each is called and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from features.covariate_fingerprint import FINGERPRINT
from features.errors import ConfigError

IDENTIFIER = "patient_id"
MOST_REASONS = 100
MISSING = "__missing"
"""What is kept of a batch beside its output: names of the important inputs that a patient lacks."""
SOURCE_COLUMNS = ("model", "version", "digest", "run_id")


@dataclass(frozen=True)
class Categories:
    """Categories of risk: ``names`` has one more than ``thresholds`` (fractions, ascending).

    They are those of the risk by ``horizon`` (years): where the last one asked for is another, the
    column is empty. A risk at
    a threshold belongs to the category above it.
    """

    thresholds: tuple[float, ...] = (0.05, 0.075, 0.2)
    names: tuple[str, ...] = ("low", "borderline", "intermediate", "high")
    horizon: float = 10.0

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
    wanted: Wanted, years: Sequence[float], with_intervals: bool
) -> Mapping[str, dict[str, Any]]:
    """Every column of the output in its order: its type, and what it means."""
    last = f"{years[-1]:g}"
    told: dict[str, dict[str, Any]] = {IDENTIFIER: _text("patient identifier, as in the source")}
    for year in years:
        risk = f"{year:g}-year risk of the event, as a fraction"
        told[f"risk_{year:g}y"] = _number(risk)
        if with_intervals:
            told[f"risk_{year:g}y_low"] = _number(f"lower 90 % limit of the {risk}")
            told[f"risk_{year:g}y_high"] = _number(f"upper 90 % limit of the {risk}")
    names, steps = wanted.categories.names, wanted.categories.thresholds
    told["risk_category"] = {
        **_text(
            f"category of the {wanted.categories.horizon:g}-year risk, empty where the last "
            "horizon is another; a risk at a threshold belongs to the category above it"
        ),
        "categories": list(names),
        "thresholds": list(steps),
    }
    for rank in range(1, wanted.reasons + 1):
        reason = f"contributor number {rank} to the {last}-year risk, by size"
        if wanted.points == "column":
            told[f"reason_{rank}"] = _text(reason)
            told[f"reason_{rank}_points"] = _number(f"{reason}: contribution in percentage points")
        else:
            told[f"reason_{rank}"] = _text(f"{reason}, with its contribution in percentage points")
    told["missing_inputs"] = _whole("number of important inputs missing")
    told["outside_training"] = _text("inputs outside the training range, separated by '; '")
    told["imputed_cac"] = _whole("1 where the calcium score was missing and imputed")
    if wanted.comparison is not None:
        told["reference_disagrees"] = _whole(
            f"1 where the risk and {wanted.comparison.score} differ by a factor of "
            f"{wanted.comparison.ratio:g} or more; empty where that score cannot be computed"
        )
    told[FINGERPRINT] = _whole("fingerprint of the covariates that the risk was computed from")
    told |= {name: _text("copied from the source") for name in wanted.keep}
    told["model"] = _text("name of the model")
    told["version"] = _text("its version in the registry, empty for a folder")
    told["digest"] = _text("SHA-256 of the model")
    told["run_id"] = _text("scoring run; the same input, model and settings give the same")
    return told


def refuse_clashes(keep: Sequence[str], named: Mapping[str, Any]) -> None:
    """Raises ConfigError where a column to be kept is called like one of the scores."""
    clash = [name for name in keep if name in named]
    if clash or len(set(keep)) < len(keep):
        raise ConfigError(
            f"--keep {', '.join(clash) or ', '.join(keep)}: the output has a column of that name "
            "already. Rename it in the source"
        )


def _text(meaning: str) -> dict[str, Any]:
    return {"type": "string", "meaning": meaning}


def _number(meaning: str) -> dict[str, Any]:
    return {"type": "double", "meaning": meaning}


def _whole(meaning: str) -> dict[str, Any]:
    return {"type": "int64", "meaning": meaning}
