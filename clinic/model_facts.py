"""What the model is, and how it did on patients that it had not seen, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clinic.words.texts import PageTexts
from features.cohort_map.cohort_map import CohortMap
from features.errors import CalciriskError
from models.storage.model_folder import About, read_about

_NEEDED = ("c_index", "mean_risk", "observed_risk")
_FIELDS = ("n", "events", "estimate", "lower", "upper")


@dataclass(frozen=True)
class ModelFacts:
    """``endpoint``: what the model counts as the event, "" where that is not at hand.

    ``measured``: by metric its row of the evaluation, None where none measured this very model.
    """

    about: About
    version: str = ""
    endpoint: str = ""
    measured: Mapping[str, Mapping[str, float]] | None = None

    @property
    def simulated(self) -> bool:
        """Whether it was trained on simulated patients."""
        return self.about.simulated

    def line(self, texts: PageTexts) -> str:
        """Name, version, training."""
        about = self.about
        return texts(
            "model.line",
            name=about.name,
            version=texts("model.version", n=self.version) if self.version else "",
            cohort=about.cohort,
            n=texts.write.count(about.n_patients),
            events=texts.write.count(about.n_events),
            code=about.code_version,
            digest=about.digest[:10],
        )

    def outcome(self, texts: PageTexts) -> str:
        """What the model counts as the event."""
        if self.endpoint:
            return texts.phrase(self.endpoint)
        return texts("model.any_death" if self.about.any_death else "model.no_outcome")

    def validation(self, texts: PageTexts) -> str:
        """How it did, or that it is not known."""
        if self.measured is None:
            return texts("model.not_validated")
        c_index, predicted, observed = (self.measured[name] for name in _NEEDED)
        write = texts.write
        return texts(
            "model.validation",
            years=write.general(self.about.horizons[-1]),
            n=write.count(c_index["n"]),
            events=write.count(c_index["events"]),
            c=write.fixed(c_index["estimate"], 2),
            low=write.fixed(c_index["lower"], 2),
            high=write.fixed(c_index["upper"], 2),
            predicted=f"{write.fixed(100 * predicted['estimate'], 1)} %",
            observed=f"{write.fixed(100 * observed['estimate'], 1)} %",
        )


def describe_model(about: About, version: str, outputs: Path) -> ModelFacts:
    """From the model, and from ``outputs/evaluate`` where that measured this very model."""
    return ModelFacts(about, version, _endpoint(about), _measured(about, outputs))


def _endpoint(about: About) -> str:
    """By the cohort's map, where it is at hand."""
    try:
        endpoint = CohortMap.load(about.cohort).endpoint
    except CalciriskError:
        return ""
    return "" if endpoint is None else endpoint.title


def _measured(about: About, outputs: Path) -> dict[str, dict[str, float]] | None:
    metrics = outputs / "evaluate" / "tables" / "metrics.csv"
    model = outputs / "train" / "model"
    if not metrics.is_file() or not (model / "about.json").is_file():
        return None
    if read_about(model).digest != about.digest:
        return None
    table = pd.read_csv(metrics)
    rows = table[
        (table["evaluation"] == "held_out")
        & (table["model"] == about.name)
        & (table["horizon"] == about.horizons[-1])
    ].set_index("metric")
    if any(name not in rows.index for name in _NEEDED):
        return None
    found = rows[list(_FIELDS)].to_dict("index")
    return {name: {field: float(found[name][field]) for field in _FIELDS} for name in _NEEDED}
