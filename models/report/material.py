"""All that a report is made from, as read from the outputs of the earlier stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from features.dictionary.variable import Variable

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Material:
    """What the stages left behind; what none has written is empty, never missing.

    ``tables`` and ``figures`` (SVG text) by file name without ending; ``settings`` are the
    hyper-parameters, ``statements`` what only people can say, ``hashes`` and ``versions`` what
    the run was made of, ``titles`` those of the reference scores by name.
    """

    model: Content
    cohort: Content
    ingest: Content
    training: Content
    predictor: Content
    variables: Mapping[str, Variable]
    leakage: Content = field(default_factory=dict)
    design: Content = field(default_factory=dict)
    explanation: Content = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    external: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    settings: Content = field(default_factory=dict)
    statements: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether no real patient is behind it."""
        return bool(self.model["simulated"])

    @property
    def is_fixed_horizon(self) -> bool:
        """Whether only yes or no by one horizon is known, so that regression is logistic."""
        return bool(self.predictor.get("link", {}).get("kind") == "fixed_horizon")

    @property
    def is_weighted(self) -> bool:
        """Whether patients count by how they were drawn: a survey's weights, a case-cohort's."""
        drawn = self.training.get("case_cohort") or self.training.get("weighted_to")
        return bool(drawn or self.design.get("weighted_to"))

    @property
    def last_horizon(self) -> float:
        """The horizon (years) that single sentences and small tables speak of."""
        metrics = self.tables.get("metrics")
        if metrics is None or metrics.empty:
            return float(self.model["horizons"][-1])
        return float(metrics["horizon"].max())

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        """The table, or an empty one with these columns where it is absent or lacks one."""
        found = self.tables.get(name)
        if found is None or not set(columns) <= set(found.columns):
            return pd.DataFrame(columns=list(columns))
        return found
