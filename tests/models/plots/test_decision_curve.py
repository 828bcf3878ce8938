from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation.comparisons.decisions import decision_curve
from models.plots.decision_curve import choose_lines, plot_decision_curve
from tests.models.metrics.simulated import simulate


def _curves(n_bootstrap: int) -> pd.DataFrame:
    cohort = simulate(200, seed=5)
    risks = {"a": cohort.risk(8), "b": np.full(200, 0.2)}
    return decision_curve(cohort.endpoint, risks, 8, [0.05, 0.1, 0.2], 1, n_bootstrap)


def test_every_way_of_deciding_has_its_line_and_its_name() -> None:
    axes = plot_decision_curve(_curves(10), "Decisions", {"a": "model A"}).axes[0]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "model A", "b", "treat all", "treat none"
    ]  # fmt: skip
    assert len(axes.collections) == 1  # the interval of the first


def test_without_intervals_there_is_no_band() -> None:
    assert not plot_decision_curve(_curves(0), "Decisions").axes[0].collections


def test_of_too_many_lines_the_model_and_the_strongest_are_drawn() -> None:
    names = [f"m{i}" for i in range(12)]
    benefit = np.r_[0.0, np.arange(11.0)]
    curves = pd.DataFrame({"model": names, "net_benefit": benefit, "threshold": 0.1})
    assert choose_lines(curves) == ["m0", "m6", "m7", "m8", "m9", "m10", "m11"]
