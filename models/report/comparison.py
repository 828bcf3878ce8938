"""Who is better, in order to be said first: the model against its parts and the reference scores.

The burden of proof is on the model: ahead is only what the whole interval supports.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from models.evaluation.comparisons.standing import (
    LINEAR_PARTS,
    NEGLIGIBLE_GAIN,
    find_better_brier,
    find_linear,
    is_preferred,
)
from models.report.material import Material
from models.report.words import Words

_DIFFERENCES = ("evaluation", "model", "metric", "horizon", "difference", "lower", "upper", "n")
GAIN_OVER_SCORE = ("difference", "difference_lower", "difference_upper")
"""The model's figure less the score's, with limits: exact, also where the figures are rounded."""
_SCORES = ("evaluation", "score", "metric", "horizon", *GAIN_OVER_SCORE, "n")


@dataclass(frozen=True)
class Comparison:
    """The model's C-index less the other's, ``gain``, on the same ``n`` patients.

    ``has_better_brier``: the Brier score speaks for the model, beyond chance.
    """

    name: str
    label: str
    evaluation: str
    horizon: float
    gain: float
    lower: float
    upper: float
    n: int
    is_reference: bool
    has_better_brier: bool = False

    @property
    def standing(self) -> str:
        """ "ahead" and "behind" beyond chance, "level" where the interval holds zero."""
        if self.lower > 0:
            return "ahead"
        return "behind" if self.upper < 0 else "level"

    @property
    def is_preferred(self) -> bool:
        """Whether the comparator is to be used in place of the model."""
        return is_preferred(-self.gain, -self.upper, has_better_brier=self.has_better_brier)

    @property
    def is_negligible(self) -> bool:
        """Ahead or behind, but by too little to matter."""
        return self.standing != "level" and abs(self.gain) < NEGLIGIBLE_GAIN


def compare(material: Material, metric: str = "c_index") -> tuple[Comparison, ...]:
    """Every comparison at the last horizon, those of the evaluation with most patients first."""
    words, horizon = Words.load(), material.last_horizon
    closer = find_better_brier(material.table("differences", *_DIFFERENCES), horizon)
    found = [
        Comparison(
            row["model"],
            words.of("models", row["model"]),
            row["evaluation"],
            horizon,
            -row["difference"],
            -row["upper"],
            -row["lower"],
            int(row["n"]),
            False,
            (row["evaluation"], row["model"]) in closer,
        )
        for row in _rows(material.table("differences", *_DIFFERENCES), metric, horizon)
    ]
    found += [
        _compare_score(row, score_label(material, row["score"]))
        for row in _rows(material.table("reference_scores", *_SCORES), metric, horizon)
        if pd.notna(row["difference"])
    ]
    first = main_evaluation(material)
    return tuple(sorted(found, key=lambda one: one.evaluation != first))


def find_linear_evaluations(material: Material) -> set[str]:
    """Evaluations in which the model is its linear part."""
    return find_linear(material.table("differences", *_DIFFERENCES))


def without_itself(material: Material) -> Material:
    """Without rows of its linear part where the model is that: it is not compared with itself."""
    linear = find_linear_evaluations(material)
    tables = {
        name: table[~(table["model"].isin(LINEAR_PARTS) & _is_of(name, table, linear))]
        if "model" in table.columns
        else table
        for name, table in material.tables.items()
    }
    return replace(material, tables=tables)


def _is_of(name: str, table: pd.DataFrame, evaluations: set[str]) -> pd.Series:
    """Which rows speak of these evaluations; folds and repeats are those of the validation."""
    if "evaluation" in table.columns:
        return table["evaluation"].isin(evaluations)
    is_validated = name in ("folds", "repeats") and bool(evaluations - {"held_out"})
    return pd.Series(is_validated, index=table.index)


def main_evaluation(material: Material) -> str:
    """The evaluation with most patients: it speaks first."""
    metrics = material.table("metrics", "evaluation", "n")
    if metrics.empty:
        return ""
    return str(metrics.groupby("evaluation", sort=False)["n"].max().idxmax())


def _rows(table: pd.DataFrame, metric: str, horizon: float) -> list[dict[str, Any]]:
    chosen = table[(table["metric"] == metric) & (table["horizon"] == horizon)]
    return [{str(key): value for key, value in row.items()} for row in chosen.to_dict("records")]


def score_label(material: Material, score: str) -> str:
    """The title of a reference score."""
    return material.titles.get(score, Words.load().of("models", score))


def _compare_score(row: dict[str, Any], label: str) -> Comparison:
    gain, lower, upper = (float(row[name]) for name in GAIN_OVER_SCORE)
    n = int(row["n"])
    return Comparison(
        row["score"], label, row["evaluation"], row["horizon"], gain, lower, upper, n, True
    )
