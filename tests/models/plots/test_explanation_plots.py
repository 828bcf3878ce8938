from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.plots.explanation_beeswarm import plot_beeswarm
from models.plots.explanation_dependence import Shown, plot_dependence
from models.plots.explanation_groups import plot_groups
from models.plots.explanation_waterfall import plot_waterfall
from models.plots.style import write_svg

LABELS = {"age": "Age", "ldl": "LDL cholesterol", "statin": "Statin"}


def draw_contributions(n: int = 80) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(n, 3)) * [0.03, 0.02, 0.01]
    return pd.DataFrame(values, columns=list(LABELS))


def beeswarm() -> Any:
    contributions = draw_contributions()
    return plot_beeswarm(contributions, contributions.mask(contributions > 0.04), LABELS, 10.0)


def groups() -> Any:
    return plot_groups(draw_contributions(), 10.0)


def waterfall() -> Any:
    steps = pd.Series([0.05, -0.02, 0.004], index=["Age: 70 years", "Statin: high", "Sex: male"])
    return plot_waterfall(steps, 0.08, 10.0, "An invented patient", n_rows=2)


def dependence() -> Any:
    random = np.random.default_rng(2)
    value, sex = pd.Series(random.normal(60, 9, 80)), pd.Series(random.integers(0, 2, 80) * 1.0)
    value[:9], sex[60:] = np.nan, np.nan
    shown = (Shown("Age", "years"), Shown("Sex", "", ("female", "male")))
    return plot_dependence(draw_contributions()["age"], value, sex, shown, 10.0)


def test_the_dependence_plot_names_both_variables_and_leaves_no_figure_open(tmp_path: Path) -> None:
    from matplotlib import pyplot

    write_svg(dependence(), tmp_path / "dependence.svg", "title")
    text = (tmp_path / "dependence.svg").read_text()
    for written in ("Age (years)", "Contribution (percentage points)", "female", "male"):
        assert written in text
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("draw", [beeswarm, dependence, groups, waterfall])
def test_the_same_numbers_give_the_same_bytes(draw: Callable[[], Any], tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        write_svg(draw(), tmp_path / name, "title")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_the_beeswarm_holds_its_dots_as_pixels_and_leaves_chance_alone(tmp_path: Path) -> None:
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    write_svg(beeswarm(), tmp_path / "beeswarm.svg", "title")
    assert np.random.random() == expected
    text = (tmp_path / "beeswarm.svg").read_text()
    assert "<image" in text
    assert text.count("<use") < 40  # ticks, but no dot of any patient
    assert all(label in text for label in LABELS.values())
    assert "grey: missing or unordered" in text  # categories without an order are never coloured


def test_the_waterfall_goes_from_the_base_risk_to_the_patients_own(tmp_path: Path) -> None:
    write_svg(waterfall(), tmp_path / "waterfall.svg", "title")
    text = (tmp_path / "waterfall.svg").read_text()
    for written in ("8.0 %", "11.4 %", "+5.0", "\N{MINUS SIGN}2.0", "1 other variable"):
        assert written in text


def test_one_patient_can_be_drawn() -> None:
    contributions = draw_contributions(1)
    assert plot_beeswarm(contributions, contributions, LABELS, 5.0).axes
