"""What marks risk among the scored patients: computed once, drawn for every reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from clinic.drawing.bars import draw_sizes
from clinic.drawing.beeswarm import draw_beeswarm
from clinic.drawing.canvas import for_both_widths
from clinic.drawing.dependence import Tint, draw_dependence
from clinic.patient.assessor import Assessor
from clinic.scored_patients.store import PatientStore
from clinic.words.texts import PageTexts
from features.derivation.catalogue import CATALOGUE
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from models.explanation.population import (
    DIRECTIONS,
    rank_levels,
    summarise_groups,
    summarise_variables,
)

SAMPLE = 1000
_SWARM_ROWS, _SWARM_PATIENTS = 12, 300
_FIFTHS, _SMALLEST_GROUP = 5, 5
_PAIRED = 16  # patients whose interactions are worked out, a tenth of a second each


@dataclass(frozen=True)
class Population:
    """A sample of the scored patients with contributions to the risk by ``horizon`` (years).

    ``points``: (n, variables) percentage points; ``levels``: values as numbers, see
    `models.explanation.population.rank_levels`; ``variables``: a row per variable;
    ``partners``: by variable, the other that it shares most risk with.
    """

    horizon: float
    points: pd.DataFrame
    levels: pd.DataFrame
    variables: pd.DataFrame
    groups: pd.DataFrame
    partners: Mapping[str, str]

    @classmethod
    def explain(cls, assessor: Assessor, store: PatientStore) -> Population | None:
        """Explain a sample of the store; None where it holds no covariates."""
        covariates = store.sample_covariates(SAMPLE)
        if not len(covariates) or not len(covariates.columns):
            return None
        dictionary = assessor.scorer.dictionary
        features = assessor.scorer.derive(Columns(covariates, dictionary))
        explanation = assessor.explain(features, assessor.horizons[-1])
        spread = np.argsort(explanation.risk)[
            np.linspace(0, len(features) - 1, _PAIRED).astype(int)
        ]
        paired = features.iloc[np.unique(spread)]
        by_variable = explanation.by_variable(CATALOGUE)
        levels = rank_levels(covariates, dictionary)
        return cls(
            explanation.horizon,
            100 * by_variable,
            levels,
            summarise_variables(by_variable, levels, dictionary),
            summarise_groups(explanation.by_group(CATALOGUE)),
            assessor.find_partners(paired, explanation.horizon),
        )

    def __len__(self) -> int:
        return len(self.points)

    def tell_variables(self, texts: PageTexts) -> list[dict[str, object]]:
        """A row per variable, the largest first, its direction and caution in the page's words."""
        told = self.variables.to_dict("records")
        keys = {words: key for key, words in DIRECTIONS.items()}
        for row in told:
            row["direction"] = texts(f"population.directions.{keys[str(row['direction'])]}")
            row["label"] = texts.phrase(str(row["label"]))
            row["caution"] = texts("population.caution") if row["caution"] else ""
        return [{str(name): value for name, value in row.items()} for row in told]

    def tell_dependence(
        self, name: str, dictionary: Dictionary, texts: PageTexts
    ) -> list[tuple[str, int, float]]:
        """Values in words, patients and mean contribution: by code, or by fifths of the values.

        Groups of fewer than five patients are left out: their mean could be a patient's own.
        """
        variable = dictionary[name]
        if name not in self.points or name not in self.levels:
            return []
        rows = []
        for values in self._split(name, dictionary):
            mean = float(self.points.loc[values.index, name].mean())
            rows.append((_span(values, variable, texts), len(values), mean))
        return rows

    def tell_partner(
        self, name: str, dictionary: Dictionary, texts: PageTexts
    ) -> tuple[str, list[tuple[str, str]]]:
        """What the colours say: label of the partner, mean contribution where it is lower, higher.

        A pair of texts for each row of `tell_dependence`, empty where fewer than five patients
        are left; no pairs where the partner is a category, which has no order.
        """
        partner = self._partner_of(name)
        label = texts.label(dictionary[partner])
        if partner == name or dictionary[partner].kind == "category":
            return label, []
        other = self.levels[partner]
        halves = (other <= other.median(), other > other.median())
        if dictionary[partner].kind == "boolean":
            halves = (other == 0, other == 1)
        low, high = halves
        return label, [
            (
                self._mean_of(name, values.index, low, texts),
                self._mean_of(name, values.index, high, texts),
            )
            for values in self._split(name, dictionary)
        ]

    def _mean_of(self, name: str, rows: pd.Index, which: pd.Series, texts: PageTexts) -> str:
        chosen = self.points.loc[rows, name][which[rows]]
        return texts.write.signed(float(chosen.mean())) if len(chosen) >= _SMALLEST_GROUP else ""

    def _split(self, name: str, dictionary: Dictionary) -> list[pd.Series]:
        """Known values by code, or by fifths; groups of fewer than five patients are left out."""
        known = self.levels[name].dropna()
        groups: pd.Series = known
        if dictionary[name].kind == "number" and known.nunique() > _FIFTHS:
            groups = pd.qcut(known, _FIFTHS, labels=False, duplicates="drop")
        return [values for _, values in known.groupby(groups) if len(values) >= _SMALLEST_GROUP]

    def draw_swarm(self, dictionary: Dictionary, texts: PageTexts) -> Markup:
        """The variables that matter most, a dot per patient."""
        names = list(self.variables["variable"][:_SWARM_ROWS])
        shown = self.points.iloc[:_SWARM_PATIENTS]
        rows = []
        for name in names:
            known = self.levels.get(name)
            ranks = None if known is None else known.rank(pct=True).iloc[: len(shown)].tolist()
            rows.append((texts.label(dictionary[name]), shown[name].tolist(), ranks))
        words = [texts(f"swarm.{key}") for key in ("low", "high", "missing", "axis")]
        title, description = texts("swarm.title"), texts("swarm.description")
        return for_both_widths(
            lambda narrow: draw_beeswarm(rows, title, description, words, narrow, texts.write)
        )

    def draw_groups(self, texts: PageTexts) -> Markup:
        """Mean size of contributions by group."""
        rows = [
            (texts(f"groups.names.{group}"), float(size))
            for group, size in zip(
                self.groups["group"], self.groups["mean_size_points"], strict=True
            )
        ]
        title, unit = texts("population.groups"), texts("population.unit")
        return for_both_widths(
            lambda narrow: draw_sizes("importance", rows, title, unit, narrow, texts.write)
        )

    def draw_dependence(self, name: str, dictionary: Dictionary, texts: PageTexts) -> Markup | None:
        """Contribution against value of one variable; None where too few values are known."""
        variable = dictionary[name]
        if name not in self.points or name not in self.levels:
            return None
        known = self.levels[name].notna()
        if known.sum() < 2:
            return None
        labels = _name_codes(variable, texts)
        values = self.levels.loc[known, name].tolist()
        points = self.points.loc[known, name].tolist()
        unit = f"({texts.unit(variable.unit)})" if variable.unit else ""
        label = f"{texts.label(variable)} {unit}".strip()
        axis, title = (
            texts("swarm.axis"),
            texts("population.dependence", name=texts.label(variable)),
        )
        tint = self._tint(self._partner_of(name), known, dictionary, texts)
        return for_both_widths(
            lambda narrow: draw_dependence(
                values, points, label, axis, title, labels, tint, narrow, texts.write
            )
        )

    def _partner_of(self, name: str) -> str:
        other = self.partners.get(name, name)
        return other if other in self.levels else name

    def _tint(self, name: str, known: pd.Series, dictionary: Dictionary, texts: PageTexts) -> Tint:
        """Numbers by rank among the patients, codes by their place."""
        variable, values = dictionary[name], self.levels[name]
        codes = list(_name_codes(variable, texts).values())
        ranks = values / max(len(codes) - 1, 1) if codes else values.rank(pct=True)
        ends = (codes[0], codes[-1]) if codes else (texts("swarm.low"), texts("swarm.high"))
        return Tint(
            texts("population.colour", name=texts.label(variable)),
            ranks[known].tolist(),
            (*ends, texts("swarm.missing")),
        )


def _name_codes(variable: Variable, texts: PageTexts) -> dict[float, str]:
    """What the page calls the values of a category or of a yes or no; empty for numbers."""
    if variable.kind == "category":
        return {float(i): texts.code(code) for i, code in enumerate(variable.codes)}
    if variable.kind == "boolean":
        return {0.0: texts("form.no"), 1.0: texts("form.yes")}
    return {}


def _span(values: pd.Series, variable: Variable, texts: PageTexts) -> str:
    low, high = float(values.min()), float(values.max())
    if variable.kind == "category":
        return texts.code(variable.codes[int(low)])
    if variable.kind == "boolean":
        return texts("form.yes" if low else "form.no")
    unit = texts.unit(variable.unit or "")
    if low == high:
        return f"{texts.write.number(low)} {unit}".strip()
    return texts(
        "quality.range", low=texts.write.number(low), high=texts.write.number(high), unit=unit
    ).strip()
