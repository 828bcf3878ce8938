"""The steps from the base risk to a patient's, and what other causes of death are made of."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clinic.drawing.waterfall import Step
from clinic.words.values import ValueWriter
from features.derivation.catalogue import CATALOGUE
from models.explanation.explainer import Explainer
from models.explanation.explanation import (
    OTHER_CAUSES_LABEL,
    Explanation,
    is_unknown,
    sum_by_variable,
)

_SHOWN = 10
_SMALLEST_POINTS = 0.05


@dataclass(frozen=True)
class StepWriter:
    """Writes the steps of one patient, each with the value of its variable.

    ``features``: those that the risk is told from; ``known``: those that are known of the patient.
    """

    writer: ValueWriter
    covariates: pd.DataFrame
    features: pd.DataFrame
    known: pd.DataFrame

    def write(self, explanation: Explanation) -> tuple[Step, ...]:
        """The largest contributions first, the others summed, other causes of death last."""
        steps = self._largest(100 * explanation.by_variable(CATALOGUE).iloc[0])
        if explanation.other[0]:
            steps.append(
                Step(
                    self.writer.texts.phrase(OTHER_CAUSES_LABEL),
                    "",
                    100 * float(explanation.other[0]),
                )
            )
        return tuple(steps)

    def write_other(
        self, explainer: Explainer | None, explanation: Explanation
    ) -> tuple[Step, ...]:
        """What runs through other causes of death, by variable; they sum to that one step."""
        if explainer is None or not explanation.other[0]:
            return ()
        values = explainer.explain_other(self.features, explanation.horizon)
        return tuple(self._largest(100 * sum_by_variable(values, CATALOGUE).iloc[0]))

    def _largest(self, points: pd.Series) -> list[Step]:
        order = points.abs().sort_values(ascending=False, kind="stable").index
        shown = [str(n) for n in order[:_SHOWN] if abs(points[n]) >= _SMALLEST_POINTS]
        steps = [self._step(name, float(points[name])) for name in shown]
        rest = len(points) - len(shown)
        if rest:
            left = float(points.drop(shown).sum())
            steps.append(Step(self.writer.texts("waterfall.others", n=rest), "", left))
        return steps

    def _step(self, name: str, points: float) -> Step:
        texts, note = self.writer.texts, ""
        value = self.writer.say(name, self.covariates.iloc[0].get(name))
        if value == texts("values.missing"):
            unknown = is_unknown(name, self.covariates, self.known)[0]
            value = value if unknown else texts("values.derived")
            note = texts("values.expected") if unknown else ""
        return Step(texts.label(self.writer.dictionary[name]), value, points, note)
