from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from models.evaluation.incidence import incidence_by_group
from models.evaluation.performance import EvaluationResult, evaluate_predictions
from models.plots.calibration import histogram, plot_calibration
from models.plots.forest import plot_forest
from models.plots.incidence import plot_incidence
from models.plots.style import new_figure, percent_axis, styled, write_svg
from tests.models.metrics.simulated import Simulated, simulate


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(300, seed=61)


@pytest.fixture(scope="module")
def result(cohort: Simulated) -> EvaluationResult:
    risks: dict[str, FloatArray] = {"calcirisk": cohort.risk(8)[:, None]}
    risks["ridge_cox"] = np.sqrt(risks["calcirisk"])
    return evaluate_predictions(cohort.endpoint, risks, (8,), 1, 20, "calcirisk", n_groups=5)


def of_model(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["model"] == "calcirisk"]


def texts(path: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())


def test_the_same_figures_give_the_same_bytes(
    cohort: Simulated, result: EvaluationResult, tmp_path: Path
) -> None:
    written = []
    for name in ("first.svg", "second.svg"):
        figure = plot_calibration(
            of_model(result.curves), of_model(result.groups), cohort.risk(8), 8, "Calibration"
        )
        write_svg(figure, tmp_path / name, "Calibration")
        write_svg(figure, tmp_path / f"again_{name}", "Calibration")
        written += [(tmp_path / name).read_bytes(), (tmp_path / f"again_{name}").read_bytes()]
    assert len(set(written)) == 1
    assert b"<dc:date>" not in written[0]
    assert b"<dc:title>Calibration</dc:title>" in written[0]


def test_the_calibration_plot_shows_every_group_and_percent_axes(
    cohort: Simulated, result: EvaluationResult, tmp_path: Path
) -> None:
    groups = of_model(result.groups)
    figure = plot_calibration(of_model(result.curves), groups, cohort.risk(8), 8, "Calibration")
    above, below = figure.axes
    assert above.get_xlim() == above.get_ylim()
    assert above.get_xlim()[1] >= groups["upper"].max()
    (bars,) = below.patches
    heights, edges, _ = bars.get_data()  # type: ignore[attr-defined]
    width = float(edges[-1]) / round(float(edges[-1]) / 0.01)
    assert (heights * np.diff(edges) / width).sum() == pytest.approx(300, abs=5 * len(heights))
    write_svg(figure, tmp_path / "plot.svg", "Calibration")
    assert "Predicted 8-year risk" in texts(tmp_path / "plot.svg")
    assert "20 %" in texts(tmp_path / "plot.svg")


def test_no_bar_of_the_histogram_stands_for_fewer_than_ten_patients() -> None:
    risk = np.random.default_rng(3).beta(1, 9, 700)
    edges, heights = histogram(risk, 0.5, 50)
    counts = heights * np.diff(edges) / 0.01
    true = np.histogram(risk, edges)[0]
    assert true[:-1].min() >= 10
    assert counts == pytest.approx(np.round(counts / 10) * 10)
    assert np.abs(counts - true).max() <= 5
    assert 5 < len(heights) < 50
    assert np.histogram(risk, 50, (0, 0.5))[0].min() < 10


def test_a_handful_of_patients_is_one_bar() -> None:
    edges, heights = histogram(np.full(12, 0.05), 0.5, 50)
    assert edges.tolist() == [0, 0.5]
    assert heights.tolist() == [10 / 50]


def test_patients_beyond_the_axis_are_said(result: EvaluationResult, cohort: Simulated) -> None:
    curve, groups = of_model(result.curves), of_model(result.groups)
    shrunk = curve[curve["predicted"] < 0.2], groups[groups["upper"] < 0.3]
    figure = plot_calibration(*shrunk, cohort.risk(8), 8, "Calibration")
    assert "more than" in figure.axes[1].get_title(loc="right")


def test_the_forest_writes_each_figure_beside_its_row(
    result: EvaluationResult, tmp_path: Path
) -> None:
    c = result.metrics[result.metrics["metric"] == "c_index"]
    labels = {"ridge_cox": "ridge Cox alone"}
    write_svg(plot_forest(c, "Discrimination", "Harrell's C", labels), tmp_path / "plot.svg", "C")
    shown = texts(tmp_path / "plot.svg")
    assert "ridge Cox alone" in shown
    assert "calcirisk" in shown
    assert sum(f"{c['estimate'].iloc[0]:.3f}" in text for text in shown) == 2


def test_without_intervals_the_forest_shows_points_alone(result: EvaluationResult) -> None:
    c = result.metrics[result.metrics["metric"] == "c_index"].assign(lower=np.nan, upper=np.nan)
    axes = plot_forest(c, "Discrimination", "Harrell's C").axes[0]
    assert len(axes.lines) == 2


def test_incidence_starts_at_zero_and_names_each_group(cohort: Simulated, tmp_path: Path) -> None:
    times = np.linspace(1, 10, 10)
    risks = np.column_stack([cohort.risk(time) for time in times])
    figure = plot_incidence(incidence_by_group(cohort.endpoint, risks, times), "Incidence")
    lines = [np.asarray(line.get_ydata()) for line in figure.axes[0].lines]
    assert [line[0] for line in lines if len(line) == 11] == [0] * 10
    write_svg(figure, tmp_path / "plot.svg", "Incidence")
    shown = texts(tmp_path / "plot.svg")
    assert "Highest risk (n = 60)" in shown
    assert "Group 2 (n = 60)" in shown
    assert "Lowest risk (n = 60)" in shown


def test_a_single_group_is_all_patients_and_not_those_at_highest_risk(
    cohort: Simulated, tmp_path: Path
) -> None:
    times = np.linspace(1, 10, 10)
    risks = np.column_stack([cohort.risk(time) for time in times])
    table = incidence_by_group(cohort.endpoint, risks, times)
    one = table[table["group"] == 1]
    write_svg(plot_incidence(one, "Incidence"), tmp_path / "plot.svg", "Incidence")
    shown = " ".join(texts(tmp_path / "plot.svg"))
    assert "All patients (n = 60)" in shown
    assert "Highest" not in shown


def test_a_style_leaves_nothing_behind() -> None:
    import matplotlib as mpl

    before = mpl.rcParams["font.size"], mpl.rcParams["backend"]
    with styled():
        axes = new_figure(2, 2).subplots()
        percent_axis(axes.xaxis)
    assert (mpl.rcParams["font.size"], mpl.rcParams["backend"]) == before
