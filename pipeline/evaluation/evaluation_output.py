"""What the stage evaluate leaves behind: figures for DVC and MLflow, tables, plots, sentences."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from models.evaluation.comparisons.instability import Instability
    from pipeline.evaluation.evaluation import Evaluation

_WITH_LIMITS = ("c_index", "auc", "ipa", "observed_over_expected", "calibration_slope")
_OF_COMPARATORS = ("c_index", "uno_c", "auc", "brier", "ipa", "observed_over_expected", "ici")
_TITLES = {
    "held_out": "held-out patients",
    "cross_validation": "cross-validated patients",
    "temporal": "patients who entered last",
    "sites": "sites left out in turn",
    "external": "patients of another cohort",
}
VALIDATIONS = ("cross_validation", "temporal", "sites")
"""Evaluations of the whole recipe, of which a run has one at most."""


@dataclass(frozen=True)
class Extras:
    """``tables`` by file name, ``design`` for design.json, sentences on horizons ``left_out``.

    ``instability``: how far the models of the folds agree, to be drawn; None where unknown.
    """

    tables: Mapping[str, pd.DataFrame]
    design: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    instability: Instability | None = None

    def table(self, name: str) -> pd.DataFrame:
        """Empty where it was not made."""
        return self.tables.get(name, pd.DataFrame())


def write_evaluation(
    evaluations: Mapping[str, Evaluation], extras: Extras, folder: Path
) -> list[str]:
    """Write metrics.json, design.json, tables/ and plots/ afresh; return the verdict."""
    for part in ("tables", "plots"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    said = [*extras.left_out, *judge(evaluations, extras)]
    (folder / "tables" / "verdict.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
    write_tables(collect_tables(evaluations, extras), folder / "tables")
    draw_plots(evaluations, extras, folder / "plots")
    for name, content in (
        ("metrics", collect_metrics(evaluations, extras)),
        ("design", dict(extras.design)),
    ):
        text = json.dumps(content, indent=2) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return said


def read_conflicts(folder: Path) -> tuple[str, ...]:
    """What the cohort contradicts of what is published, as the stage train said in ``folder``."""
    training = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return tuple(training.get("conflicts", ()))


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Each as a CSV file of its name; six significant digits."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")


def judge(evaluations: Mapping[str, Evaluation], extras: Extras) -> list[str]:
    """What the figures say: of ranking at the last horizon, of calibration at each, the last first.

    The evaluation with most patients speaks first.
    """
    from models.evaluation.comparisons.findings import list_findings
    from models.evaluation.comparisons.standing import (
        IS_ITS_LINEAR_PART,
        LINEAR_PARTS,
        find_linear,
    )
    from models.evaluation.verdict import compare_models, compare_scores, judge_calibration
    from pipeline.evaluation.evaluation import MODEL
    from pipeline.evaluation.rivals import LABELS, RECALIBRATED

    said = []
    scores, gaps = extras.table("reference_scores"), extras.table("subgroup_gaps")
    for name, one in sorted(evaluations.items(), key=lambda item: -len(item[1].endpoint)):
        last = one.horizons[-1]
        own = scores[scores["evaluation"] == name] if len(scores) else scores
        sentences = compare_scores(own, last) if len(own) else []
        if len(one.risks) > 1 or not sentences:
            # recalibration changes no order of patients: there is nobody to beat
            is_linear = bool(find_linear(one.result.differences))
            without = (RECALIBRATED, *(LINEAR_PARTS if is_linear else ()))
            compared = compare_models(one.result, MODEL, last, LABELS, without)
            sentences = [*([IS_ITS_LINEAR_PART] if is_linear else []), *compared, *sentences]
        ordered = (last, *one.horizons[:-1])
        sentences += [judge_calibration(one.result, MODEL, years) for years in ordered]
        if RECALIBRATED in one.risks:
            again = [judge_calibration(one.result, RECALIBRATED, years) for years in ordered]
            sentences += [f"After local recalibration: {sentence}" for sentence in again]
        sentences += [one.text for one in list_findings(gaps) if one.evaluation == name]
        said += [f"In {title_of(name)}: {sentence}" for sentence in sentences]
    return said


def title_of(evaluation: str) -> str:
    """The patients of an evaluation in words."""
    return _TITLES.get(evaluation, evaluation.replace("_", " "))


def collect_tables(
    evaluations: Mapping[str, Evaluation], extras: Extras
) -> dict[str, pd.DataFrame]:
    """Every table by its file name; a column ``evaluation`` says which patients it speaks of."""
    tables = {}
    for name in ("metrics", "differences", "groups", "curves"):
        parts = []
        for evaluation, one in evaluations.items():
            table = getattr(one.result, name)
            if len(table):
                parts.append(table.assign(evaluation=evaluation))
        if parts:
            joined = pd.concat(parts, ignore_index=True)
            first = ["evaluation", *(c for c in joined.columns if c != "evaluation")]
            tables[_FILES[name]] = joined[first]
    return tables | {name: table for name, table in extras.tables.items() if len(table)}


_FILES = {
    "metrics": "metrics",
    "differences": "differences",
    "groups": "calibration_groups",
    "curves": "calibration_curves",
}


def collect_metrics(evaluations: Mapping[str, Evaluation], extras: Extras) -> dict[str, Any]:
    """The model's held-out figures by flat names; comparators, validations, oracle in blocks.

    A figure that is undefined is left out, for JSON knows no NaN.
    """
    from pipeline.evaluation.evaluation import MODEL

    held_out = evaluations["held_out"].result.metrics
    figures: dict[str, Any] = _flatten(held_out, MODEL)
    figures |= {
        model: _flatten(held_out, model, _OF_COMPARATORS)
        for model in dict.fromkeys(held_out["model"])
        if model != MODEL
    }
    folds, oracle = extras.table("folds"), extras.table("oracle")
    for name in evaluations:
        if name == "held_out":
            continue
        validated = evaluations[name].result.metrics
        figures[name] = {
            model: _flatten(validated, model, None if model == MODEL else _OF_COMPARATORS)
            | _fold_means(folds, model)
            for model in dict.fromkeys(validated["model"])
        }
    if len(oracle):
        figures["oracle"] = _flatten_oracle(oracle[oracle["model"] == MODEL])
    return figures


def _flatten(
    metrics: pd.DataFrame, model: str, only: tuple[str, ...] | None = None
) -> dict[str, float]:
    from models.evaluation.metric import name_at

    figures = {}
    for row in metrics[metrics["model"] == model].to_dict("records"):
        metric, name = row["metric"], name_at(row["metric"], row["horizon"])
        if only is not None and metric not in only:
            continue
        figures[name] = row["estimate"]
        if metric in _WITH_LIMITS:
            figures |= {f"{name}_lower": row["lower"], f"{name}_upper": row["upper"]}
    return _finite(figures)


def _fold_means(folds: pd.DataFrame, model: str) -> dict[str, float]:
    from models.evaluation.metric import name_at

    if folds.empty:
        return {}
    own = folds[folds["model"] == model]
    means = {
        name_at("c_index_fold_mean", horizon): own.loc[own["horizon"] == horizon, "c_index"].mean()
        for horizon in own["horizon"].unique()
    }
    return _finite(means)


def _flatten_oracle(oracle: pd.DataFrame) -> dict[str, dict[str, float]]:
    from models.evaluation.metric import name_at

    blocks: dict[str, dict[str, float]] = {}
    for row in oracle.to_dict("records"):
        named = {
            name_at(metric, row["horizon"]) + limit: row[metric + limit]
            for metric in ("oracle_c_index", "c_index_gap", "rmse", "mean_ratio")
            for limit in ("", "_lower", "_upper")
        }
        blocks.setdefault(row["evaluation"], {}).update(_finite(named))
    return blocks


def _finite(figures: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items() if np.isfinite(value)}


def draw_plots(evaluations: Mapping[str, Evaluation], extras: Extras, folder: Path) -> None:
    """Calibration and decision curves by horizon, discrimination, incidence over time, as SVG."""
    from models.evaluation.comparisons.standing import LINEAR_PARTS, find_linear
    from models.plots.calibration import plot_calibration
    from models.plots.forest import plot_forest
    from models.plots.incidence import plot_incidence
    from models.plots.instability import plot_instability
    from models.plots.style import write_svg
    from pipeline.evaluation.evaluation import MODEL
    from pipeline.evaluation.rivals import LABELS

    for name, one in evaluations.items():
        patients = title_of(name)
        for k, horizon in enumerate(one.horizons):
            curve, groups = (
                table[(table["model"] == MODEL) & (table["horizon"] == horizon)]
                for table in (one.result.curves, one.result.groups)
            )
            title = f"Calibration in {patients}"
            figure = plot_calibration(curve, groups, one.risks[MODEL][:, k], horizon, title)
            write_svg(figure, folder / f"calibration_{name}_{horizon:g}y.svg", title)
        metrics = one.result.metrics
        title = f"Discrimination in {patients}"
        chosen = metrics[metrics["metric"] == "c_index"]
        if find_linear(one.result.differences):
            chosen = chosen[~chosen["model"].isin(LINEAR_PARTS)]
        figure = plot_forest(chosen, title, "Harrell's C, 95 % interval", LABELS)
        write_svg(figure, folder / f"discrimination_{name}.svg", title)
    draw_decisions(extras.table("decision_curve"), folder)
    unstable = extras.instability
    if unstable is not None:
        title = f"{unstable.horizon:g}-year risks of the same patients by refitted models"
        write_svg(plot_instability(unstable, title), folder / "instability.svg", title)
    incidence = extras.table("incidence")
    if len(incidence):
        title = "Observed and predicted cumulative incidence by predicted risk"
        write_svg(plot_incidence(incidence, title), folder / "incidence_held_out.svg", title)


def draw_decisions(curves: pd.DataFrame, folder: Path) -> None:
    """decision_curve_<evaluation>_<horizon>y.svg for each evaluation and horizon."""
    from models.plots.decision_curve import plot_decision_curve
    from models.plots.style import write_svg

    if curves.empty:
        return
    for (name, horizon), curve in curves.groupby(["evaluation", "horizon"], sort=False):
        title = f"Decision curve, {horizon:g}-year risk, {title_of(str(name))}"
        figure = plot_decision_curve(curve, title, score_labels())
        write_svg(figure, folder / f"decision_curve_{name}_{horizon:g}y.svg", title)


def score_labels() -> dict[str, str]:
    """What a person reads for each model and reference score."""
    from models.reference_scores.registry import REFERENCE_SCORES
    from pipeline.evaluation.rivals import LABELS

    return {**{name: score.title for name, score in REFERENCE_SCORES.items()}, **LABELS}
