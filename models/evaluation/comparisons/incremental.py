"""What each further group of features adds, on the same held-out patients and folds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.evaluation.comparisons.paired_risks import Arm, all_rows, difference, measure_arms

SHOWN = ("c_index", "uno_c", "auc", "brier", "ipa", "observed_over_expected", "ici")


def measure_steps(
    endpoint: Endpoint, risks: Mapping[str, FloatArray], horizon: float, seed: int, n_bootstrap: int
) -> pd.DataFrame:
    """Risks (n,) of the recipe on nested sets of features, in the order in which they grow.

    Columns: step (1 is the first), groups, metric, horizon, estimate, lower, upper, gain (over the
    step before; NaN for the first), gain_lower, gain_upper (95 %, paired), n, events.
    """
    arms = {name: Arm(risk, all_rows(len(risk))) for name, risk in risks.items()}
    measured = measure_arms(endpoint, arms, horizon, seed, n_bootstrap)
    names, rows = list(risks), []
    for step, name in enumerate(names, start=1):
        for metric in SHOWN:
            own = measured[name]
            lower, upper = own.interval(metric)
            gain = gain_lower = gain_upper = float("nan")
            if step > 1:
                before = measured[names[step - 2]]
                gain, gain_lower, gain_upper = difference(own, before, metric)
            rows.append(
                {
                    "step": step,
                    "groups": name,
                    "metric": metric,
                    "horizon": float(horizon),
                    "estimate": own.estimate(metric),
                    "lower": lower,
                    "upper": upper,
                    "gain": gain,
                    "gain_lower": gain_lower,
                    "gain_upper": gain_upper,
                    "n": own.n,
                    "events": own.events,
                }
            )
    return pd.DataFrame(rows)
