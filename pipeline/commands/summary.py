"""The end of a run in a few lines: how good the model is, where everything lies."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from features.disclosure import say_count
from models.evaluation.comparisons.standing import IS_ITS_LINEAR_PART, LINEAR_PARTS, find_linear
from pipeline.commands.listing import format_table
from pipeline.evaluation.evaluation import MODEL
from pipeline.evaluation.evaluation_output import VALIDATIONS, title_of
from pipeline.evaluation.rivals import LABELS
from pipeline.settings.params import Params, Paths

_MODELS = {"": MODEL} | {name: label for name, label in LABELS.items() if name != MODEL}
_FIGURES = {"c_index": ("C-index", 3), "observed_over_expected": ("Calibration", 2)}


def summarise(params: Params, paths: Paths) -> str:
    """Figures with their intervals, warnings, files and how to open each, and the caution.

    Leaves out what no stage has written yet.
    """
    training, about = _read(paths.train / "training.json"), _read(paths.model / "about.json")
    design = _read(paths.evaluate / "design.json")
    horizons = about.get("horizons", params.horizons)
    parts = [
        _describe_result(
            _name_cohort(params, paths, about), horizons, training, design, *_read_metrics(paths)
        ),
        _describe_warnings(training),
        _describe_places(paths, about),
        _caution(about),
    ]
    return "\n\n".join(part for part in parts if part)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _read_metrics(paths: Paths) -> tuple[dict[str, Any], bool]:
    """The figures, and whether the model is its linear part: then that is not set beside it."""
    metrics, differences = _read(paths.metrics), paths.evaluate / "tables" / "differences.csv"
    linear = find_linear(pd.read_csv(differences)) if differences.is_file() else set()
    for evaluation in linear:
        block = metrics if evaluation == "held_out" else metrics.get(evaluation, {})
        for part in LINEAR_PARTS:
            block.pop(part, None)
    return metrics, "held_out" in linear


def _name_cohort(params: Params, paths: Paths, about: Mapping[str, Any]) -> str:
    """The cohort that lies in this folder, which need not be that of params.yaml."""
    ingested = _read(paths.ingest / "report.json")
    return str(about.get("cohort") or ingested.get("cohort") or params.cohort)


def _describe_result(
    cohort: str,
    horizons: Sequence[float],
    training: Mapping[str, Any],
    design: Mapping[str, Any],
    metrics: Mapping[str, Any],
    is_linear: bool,
) -> str:
    if not metrics:
        return "Nothing is evaluated yet: run `calcirisk run`."
    models = {key: name for key, name in _MODELS.items() if not key or key in metrics}
    blocks = [metrics if not key else metrics[key] for key in models]
    rows = [
        (f"{title}, {horizon:g} years", *(_with_interval(b, metric, horizon, d) for b in blocks))
        for metric, (title, d) in _FIGURES.items()
        for horizon in horizons
        if f"{metric}_{horizon:g}y" in metrics
    ]
    n = training.get("parts", {}).get("held_out")
    judged = design.get("judged", {})
    patients = _count_judged(judged.get("held_out", {"patients": n, "of": n}), "held-out patients")
    validated = next((name for name in VALIDATIONS if name in metrics), "")
    of_recipe = _count_judged(judged.get(validated, {}), "patients", "all ")
    return "\n".join(
        [
            f"Cohort {cohort}, {patients}, 95 % intervals",
            "",
            format_table(("", *models.values()), rows),
            "",
            "C-index: 0.5 is chance, 1 perfect ranking. "
            "Calibration: observed over predicted risk, 1 is right.",
            *([IS_ITS_LINEAR_PART] if is_linear else []),
            *_describe_validation(validated, horizons[-1], metrics, of_recipe),
            *design.get("not_judged", []),
        ]
    )


def _count_judged(account: Mapping[str, Any], patients: str, everyone: str = "") -> str:
    """``164 of 176 held-out patients``: who was judged, of how many."""
    n, of = account.get("patients"), account.get("of")
    if not n or not of:
        return patients
    told = say_count(n)
    return f"{everyone}{told} {patients}" if n == of else f"{told} of {say_count(of)} {patients}"


def _with_interval(block: Mapping[str, Any], metric: str, horizon: float, decimals: int) -> str:
    name = f"{metric}_{horizon:g}y"
    if name not in block:
        return ""
    limits = [block.get(f"{name}_{side}") for side in ("lower", "upper")]
    if None in limits:
        return f"{block[name]:.{decimals}f}"
    return f"{block[name]:.{decimals}f} ({limits[0]:.{decimals}f} to {limits[1]:.{decimals}f})"


def _describe_validation(
    evaluation: str, horizon: float, metrics: Mapping[str, Any], patients: str
) -> list[str]:
    validated = metrics.get(evaluation, {})
    name = f"c_index_{horizon:g}y"
    if name not in validated.get("calcirisk", {}):
        return []
    told = [
        f"{_MODELS.get(model, model)} {block[name]:.3f}"
        for model, block in validated.items()
        if name in block
    ]
    of_whom = f"{title_of(evaluation)} ({patients})"
    return [f"C-index at {horizon:g} years in {of_whom}: " + ", ".join(told)]


def _describe_warnings(training: Mapping[str, Any]) -> str:
    return "\n".join(f"Warning: {warning}" for warning in training.get("warnings", []))


def _describe_places(paths: Paths, about: Mapping[str, Any]) -> str:
    uri, registered = _describe_registration(paths, about)
    server = os.environ.get("MLFLOW_TRACKING_URI")
    opened = f"mlflow ui --backend-store-uri {server or 'sqlite:///mlflow.db'}"
    places = [
        ("Model", paths.model, registered),
        ("Growth", paths.progression / "model", _describe_growth(paths)),
        ("Report", paths.report / "report.html", "read this first: open it in a browser"),
        ("Tables", paths.evaluate / "tables", "verdict.txt says in words what they show"),
        ("Plots", paths.evaluate / "plots", "SVG: open in a browser, or dvc plots show"),
        ("Reasons", paths.explain, "what marks risk, in the population and in single patients"),
        ("Scores", paths.score / "risks.csv", "risk and reasons of the held-out patients"),
        ("Rejects", paths.ingest / "rejects.csv", "rows left out: row, column, rule"),
    ]
    rows = [(what, _shorten(path), how) for what, path, how in places if path.exists()]
    rows.append(("MLflow", "", opened))
    if paths.model.exists():
        rows.append(("Next", "", f"calcirisk score new.csv --model {uri} --out risks.csv"))
    width = max(len(place) for _, place, _ in rows)
    return "\n".join(
        f"{what:<8} {f'{place:<{width}}  ' if place else ''}{how}" for what, place, how in rows
    )


def _describe_registration(paths: Paths, about: Mapping[str, Any]) -> tuple[str, str]:
    """What to give to --model for the model of this folder, and whether it is registered."""
    registration = _read(paths.register / "registration.json")
    same = registration.get("digest", about.get("digest")) == about.get("digest")
    if "uri" in registration and same:
        version = f", version {registration['version']}" if "version" in registration else ""
        return registration["uri"], f"registered as {registration['uri']}{version}"
    return _shorten(paths.model), "not registered: calcirisk register does it"


def _describe_growth(paths: Paths) -> str:
    """How good forecasts of later scores are, in a line."""
    metrics = _read(paths.forecast / "metrics.json")
    if "crps" not in metrics:
        return "later scores: calcirisk forecast says how good they are"
    own, carried = metrics["crps"]["calcirisk"], metrics["crps"]["carry forward"]
    return (
        f"later calcium scores, off by {own:.0f} AU on {metrics['scans']:,} held-out scans (CRPS); "
        f"the first score carried forward, by {carried:.0f}"
    )


def _shorten(path: Path) -> str:
    """Relative to the current folder where that is shorter to type."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _caution(about: Mapping[str, Any]) -> str:
    if about.get("simulated"):
        return (
            "SIMULATED COHORT, NOT FOR CARE: this model shows how the software works and says "
            "nothing about any patient."
        )
    return "RESEARCH SOFTWARE, NOT FOR CARE: validate a model on your own patients before any use."
