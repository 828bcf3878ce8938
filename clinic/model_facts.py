"""What the model is, and how it did on patients that it had not seen, in a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clinic.texts import PageTexts
from features.cohort_map.cohort_map import CohortMap
from features.errors import CalciriskError
from models.storage.model_folder import About, read_about


@dataclass(frozen=True)
class ModelFacts:
    """``line``: name, version, training; ``validation``: how it did, or that it is not known."""

    line: str
    validation: str
    simulated: bool
    outcome: str = ""


def describe_model(about: About, version: str, outputs: Path, texts: PageTexts) -> ModelFacts:
    """From the model, and from ``outputs/evaluate`` where that measured this very model."""
    line = texts(
        "model.line",
        name=about.name,
        version=texts("model.version", n=version) if version else "",
        cohort=about.cohort,
        n=f"{about.n_patients:,}",
        events=f"{about.n_events:,}",
        code=about.code_version,
        digest=about.digest[:10],
    )
    outcome = _outcome(about, texts)
    metrics = outputs / "evaluate" / "tables" / "metrics.csv"
    model = outputs / "train" / "model"
    measured = metrics.is_file() and (model / "about.json").is_file()
    if not measured or read_about(model).digest != about.digest:
        return ModelFacts(line, texts("model.not_validated"), about.simulated, outcome)
    table = pd.read_csv(metrics)
    return ModelFacts(line, _validation(table, about, texts), about.simulated, outcome)


def _outcome(about: About, texts: PageTexts) -> str:
    """What the model counts as the event, by the cohort's map where it is at hand."""
    try:
        endpoint = CohortMap.load(about.cohort).endpoint
    except CalciriskError:
        endpoint = None
    return texts("model.no_outcome") if endpoint is None else endpoint.title


def _validation(table: pd.DataFrame, about: About, texts: PageTexts) -> str:
    horizon = about.horizons[-1]
    rows = table[
        (table["evaluation"] == "held_out")
        & (table["model"] == about.name)
        & (table["horizon"] == horizon)
    ].set_index("metric")
    needed = ("c_index", "mean_risk", "observed_risk")
    if any(name not in rows.index for name in needed):
        return texts("model.not_validated")
    c_index, predicted, observed = (rows.loc[name].to_dict() for name in needed)
    return texts(
        "model.validation",
        years=f"{horizon:g}",
        n=f"{int(c_index['n']):,}",
        events=f"{int(c_index['events']):,}",
        c=f"{c_index['estimate']:.2f}",
        low=f"{c_index['lower']:.2f}",
        high=f"{c_index['upper']:.2f}",
        predicted=f"{100 * predicted['estimate']:.1f} %",
        observed=f"{100 * observed['estimate']:.1f} %",
    )
