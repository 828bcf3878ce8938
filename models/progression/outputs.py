"""What is watched of forecasts: the expected score and the chance of calcium, by years ahead."""

from __future__ import annotations

from collections.abc import Sequence

from models.drift.profile import Predicted
from models.progression.law.growth_law import Patients
from models.progression.predictor import ProgressionPredictor

UNIT = "AU"


def name_outputs(
    predictor: ProgressionPredictor, patients: Patients, years: Sequence[float]
) -> dict[str, Predicted]:
    """By name, of each of the patients; NaN where the score now is not known."""
    predictor.refuse_years(years)
    passed, _, mean = predictor.read(predictor.law, patients, (0.0,), tuple(years), ())
    named = {}
    for position, after in enumerate(years):
        score, chance = f"score after {after:g} years", f"any calcium after {after:g} years"
        named[score] = Predicted(mean[:, position], UNIT)
        named[chance] = Predicted(passed[:, position, 0])
    return named
