from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.errors import HorizonError
from models.evaluation.metric import (
    COMPARED,
    DISTANCES,
    INTEGRATED_METRICS,
    METRICS,
    name_at,
)
from models.evaluation.performance import EvaluationResult, evaluate_predictions
from models.metrics.brier import integrated_brier_score, integrated_null_brier_score
from models.metrics.calibration.level_and_slope import calibration_slope
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.metrics.integrated_brier import time_steps
from tests.models.metrics.simulated import Simulated, endpoint_of, simulate

HORIZONS = (4.0, 8.0)


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(800, seed=31)


@pytest.fixture(scope="module")
def risks(cohort: Simulated) -> dict[str, FloatArray]:
    return risks_by(cohort, HORIZONS)


def risks_by(cohort: Simulated, times: Iterable[float]) -> dict[str, FloatArray]:
    truth = np.column_stack([cohort.risk(time) for time in times])
    noise = np.exp(np.random.default_rng(0).normal(size=(800, 1)))
    return {"truth": truth, "noisy": np.clip(truth * noise, 0, 0.99)}


@pytest.fixture(scope="module")
def over_time(cohort: Simulated) -> dict[str, FloatArray]:
    return risks_by(cohort, time_steps(8.0))


@pytest.fixture(scope="module")
def result(
    cohort: Simulated, risks: dict[str, FloatArray], over_time: dict[str, FloatArray]
) -> EvaluationResult:
    return evaluate_predictions(
        cohort.endpoint, risks, HORIZONS, 3, 60, reference="truth", over_time=over_time
    )


def test_every_metric_stands_in_the_table_with_its_interval(result: EvaluationResult) -> None:
    table = result.metrics
    assert len(table) == 2 * (2 * len(METRICS) + len(INTEGRATED_METRICS))
    assert np.isfinite(table["estimate"]).all()
    assert (table["lower"] < table["upper"]).all()
    inside = (table["lower"] <= table["estimate"]) & (table["estimate"] <= table["upper"])
    assert inside.all()


def test_a_calibration_error_that_noise_would_give_is_not_told_from_none(
    result: EvaluationResult,
) -> None:
    errors = result.metrics[result.metrics["metric"] == "ici"].groupby("model")["lower"].agg(list)
    assert errors["truth"] == [0, 0]
    assert errors["noisy"][1] > 0
    # a difference of two distances has no interval that holds it: none is shown
    assert not result.differences["metric"].isin(DISTANCES).any()


def test_estimates_are_those_of_the_metrics(
    cohort: Simulated,
    risks: dict[str, FloatArray],
    over_time: dict[str, FloatArray],
    result: EvaluationResult,
) -> None:
    follow_up, noisy = FollowUp.of(cohort.endpoint), risks["noisy"]
    assert result.value("noisy", "c_index", 8) == harrell_c(follow_up, noisy[:, 1], 8)
    slope = calibration_slope(follow_up, noisy[:, 0], 4)
    assert result.value("noisy", "calibration_slope", 4) == slope
    integrated = integrated_brier_score(follow_up, over_time["noisy"], time_steps(8.0))
    null = integrated_null_brier_score(follow_up, time_steps(8.0))
    assert result.value("noisy", "integrated_brier", 8) == pytest.approx(integrated)
    assert result.value("noisy", "integrated_null_brier", 8) == pytest.approx(null)
    assert result.value("noisy", "integrated_ipa", 8) == pytest.approx(1 - integrated / null)


def test_patients_and_events_are_counted(cohort: Simulated, result: EvaluationResult) -> None:
    early = result.metrics[result.metrics["horizon"] == 4]
    seen = (cohort.endpoint.event == 1) & (cohort.endpoint.time <= 4)
    assert set(early["n"]) == {800}
    assert set(early["events"]) == {int(seen.sum())}


def test_differences_are_paired_and_so_narrower_than_their_parts(
    result: EvaluationResult,
) -> None:
    table = result.differences
    assert set(table["model"]) == {"noisy"}
    assert set(table["metric"]) == set(COMPARED)
    row = table[(table["metric"] == "c_index") & (table["horizon"] == 8)].iloc[0]
    gap = result.value("noisy", "c_index", 8) - result.value("truth", "c_index", 8)
    assert row["difference"] == pytest.approx(gap)
    assert row["upper"] < 0
    own = result.metrics[(result.metrics["metric"] == "c_index") & (result.metrics["horizon"] == 8)]
    assert row["upper"] - row["lower"] < (own["upper"] - own["lower"]).sum() * 0.8


def test_the_same_seed_gives_the_same_intervals_whoever_else_is_measured(
    cohort: Simulated,
    risks: dict[str, FloatArray],
    over_time: dict[str, FloatArray],
    result: EvaluationResult,
) -> None:
    noisy, by_step = {"noisy": risks["noisy"]}, {"noisy": over_time["noisy"]}
    alone = evaluate_predictions(cohort.endpoint, noisy, HORIZONS, 3, 60, over_time=by_step)
    together = result.metrics[result.metrics["model"] == "noisy"]
    assert alone.metrics["lower"].tolist() == together["lower"].tolist()


def test_a_model_is_measured_on_the_patients_it_covers_and_compared_on_shared_ones(
    cohort: Simulated, risks: dict[str, FloatArray]
) -> None:
    partial = risks["noisy"].copy()
    partial[:300] = np.nan
    given = {"truth": risks["truth"], "noisy": partial}
    result = evaluate_predictions(cohort.endpoint, given, HORIZONS, 3, 5, reference="truth")
    sizes = result.metrics.groupby("model")["n"].first()
    assert sizes.to_dict() == {"truth": 800, "noisy": 500}
    row = result.differences[result.differences["metric"] == "c_index"].iloc[0]
    shared = FollowUp.of(cohort.endpoint.take(np.arange(300, 800)))
    expected = [harrell_c(shared, one[300:, 0], 4) for one in (partial, risks["truth"])]
    assert row["difference"] == pytest.approx(expected[0] - expected[1])
    assert row["n"] == 500


def test_curves_run_over_the_bulk_of_the_risks(
    risks: dict[str, FloatArray], result: EvaluationResult
) -> None:
    curve = result.curves[(result.curves["model"] == "truth") & (result.curves["horizon"] == 8)]
    low, high = np.quantile(risks["truth"][:, 1], [0.01, 0.99])
    assert curve["predicted"].iloc[[0, -1]].tolist() == pytest.approx([low, high])
    assert (curve["lower"] <= curve["upper"]).all()


def test_without_resamples_there_are_no_intervals(
    cohort: Simulated, risks: dict[str, FloatArray]
) -> None:
    result = evaluate_predictions(cohort.endpoint, risks, HORIZONS, 3, 0, "truth")
    assert result.metrics["lower"].isna().all()
    assert np.isfinite(result.differences["difference"]).all()


def test_without_risks_over_time_there_is_no_integrated_score(cohort: Simulated) -> None:
    one = {"truth": cohort.risk(8)[:, None]}
    result = evaluate_predictions(cohort.endpoint, one, (8,), 3, 0)
    assert not result.metrics["metric"].str.startswith("integrated").any()
    with pytest.raises(KeyError):
        result.value("truth", "integrated_brier", 8)


def test_a_yes_or_no_cohort_is_measured_by_the_same_functions() -> None:
    rng = np.random.default_rng(1)
    risk = rng.uniform(0.05, 0.6, 300)
    endpoint = endpoint_of(np.full(300, 10.0), rng.uniform(size=300) < risk, horizon=10)
    result = evaluate_predictions(endpoint, {"m": risk[:, None]}, (10,), 3, 10)
    assert result.value("m", "c_index", 10) == pytest.approx(result.value("m", "auc", 10))
    error = np.mean((endpoint.event - risk) ** 2)
    assert result.value("m", "brier", 10) == pytest.approx(error)


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_patient_gives_undefined_figures_not_a_crash(n: int) -> None:
    endpoint = endpoint_of(np.arange(1, n + 1), np.zeros(n))
    result = evaluate_predictions(endpoint, {"m": np.full((n, 1), 0.1)}, (1,), 3, 3)
    assert np.isnan(result.value("m", "c_index", 1))


def test_shapes_references_and_horizons_are_checked(
    cohort: Simulated, risks: dict[str, FloatArray]
) -> None:
    endpoint: Endpoint = cohort.endpoint
    with pytest.raises(ValueError, match=r"must be \(800, 1\), got \(800, 2\)"):
        evaluate_predictions(endpoint, risks, (4,), 1, 0)
    with pytest.raises(ValueError, match="none of the models"):
        evaluate_predictions(endpoint, risks, HORIZONS, 1, 0, reference="other")
    with pytest.raises(ValueError, match="nobody a risk"):
        evaluate_predictions(endpoint, {"m": np.full((800, 2), np.nan)}, HORIZONS, 1, 0)
    percent = {name: 100 * risk for name, risk in risks.items()}
    with pytest.raises(ValueError, match="fractions between 0 and 1, not percentages"):
        evaluate_predictions(endpoint, percent, HORIZONS, 1, 0)
    with pytest.raises(HorizonError, match="longest usable one"):
        evaluate_predictions(endpoint, risks, (4, 1000), 1, 0)
    with pytest.raises(ValueError, match="all models or none"):
        part = {"truth": risks_by(cohort, time_steps(8.0))["truth"]}
        evaluate_predictions(endpoint, risks, HORIZONS, 1, 0, over_time=part)


def test_names_of_metrics_are_flat() -> None:
    assert name_at("c_index", 10.0) == "c_index_10y"
    assert name_at("brier", 2.5) == "brier_2.5y"
