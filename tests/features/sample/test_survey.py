from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.endpoint import Endpoint
from features.errors import CohortError
from features.sample.survey import Survey, count_by_worth, draw_by_weight, effective_size
from models.evaluation.performance import evaluate_predictions
from models.metrics.aalen_johansen import aalen_johansen
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp

N = 400


def _draw(seed: int = 1) -> tuple[Endpoint, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    x = draws.normal(size=N)
    times = np.stack(
        [draws.uniform(2, 10, N), draws.exponential(8 * np.exp(-x)), draws.exponential(30, N)]
    )
    endpoint = Endpoint(times.min(axis=0), times.argmin(axis=0).astype(np.int8))
    return endpoint, 1 - np.exp(-5 / 8 * np.exp(x)), draws.uniform(0.5, 4, N)


@pytest.mark.filterwarnings("ignore:It looks like your weights are not integers")
def test_the_weighted_incidence_is_that_of_lifelines() -> None:
    from lifelines import KaplanMeierFitter

    endpoint, _, weight = _draw()
    alone = Endpoint(endpoint.time, (endpoint.event == 1).astype(np.int8))
    theirs = KaplanMeierFitter().fit(alone.time, alone.event, weights=weight)
    ours = aalen_johansen(FollowUp.of(alone).resample(weight))
    at = [1.0, 3.0, 5.0]
    assert ours.at(at) == pytest.approx(1 - theirs.survival_function_at_times(at), abs=1e-9)


def test_the_weighted_c_index_counts_each_pair_by_the_product_of_its_weights() -> None:
    endpoint, risk, weight = _draw()
    time, event = endpoint.time, endpoint.event
    good = total = 0.0
    for i in np.flatnonzero(event == 1):
        later = (time > time[i]) | ((event == 2) & (time <= time[i]))
        pair = weight[i] * weight * later
        total += pair.sum()
        good += (pair * ((risk[i] > risk) + 0.5 * (risk[i] == risk))).sum()
    ours = harrell_c(FollowUp.of(endpoint).resample(weight), risk)
    assert ours == pytest.approx(good / total, abs=1e-9)


def test_a_whole_number_of_weight_is_that_many_patients() -> None:
    endpoint, risk, _ = _draw()
    times = np.random.default_rng(2).integers(1, 4, N)
    again = np.repeat(np.arange(N), times)
    risks = {"model": risk[:, None]}
    weighed = replace(endpoint, survey=Survey(times.astype(float)))
    weighted = evaluate_predictions(weighed, risks, [5.0], 1, 0)
    repeated = evaluate_predictions(endpoint.take(again), {"model": risk[again, None]}, [5.0], 1, 0)
    for metric in ("c_index", "auc", "brier", "observed_risk", "mean_risk", "calibration_slope"):
        expected = repeated.value("model", metric, 5.0)
        assert weighted.value("model", metric, 5.0) == pytest.approx(expected, abs=1e-9), metric


def test_resamples_draw_whole_clusters_within_their_strata_and_keep_the_total() -> None:
    stratum, cluster = np.repeat(["a", "b"], 200), np.tile(np.repeat(np.arange(10), 20), 2)
    survey = Survey(np.ones(N), stratum, cluster)
    for weights in survey.resample(20, seed=3):
        table = pd.DataFrame({"stratum": stratum, "cluster": cluster, "weight": weights})
        assert (table.groupby(["stratum", "cluster"])["weight"].nunique() == 1).all()
        assert table.groupby("stratum")["weight"].sum().tolist() == pytest.approx([200, 200])


def test_intervals_widen_where_clusters_are_alike() -> None:
    draws = np.random.default_rng(4)
    cluster = np.repeat(np.arange(20), 20)
    high = np.repeat(draws.random(20) < 0.5, 20)
    event = draws.random(N) < np.where(high, 0.6, 0.05)
    endpoint = Endpoint(np.where(event, 1.0, 6.0), event.astype(np.int8))
    risks = {"model": np.full((N, 1), 0.3) + draws.normal(0, 0.01, (N, 1))}
    spread = []
    for design in (Survey(np.ones(N)), Survey(np.ones(N), cluster=cluster)):
        designed = replace(endpoint, survey=design)
        result = evaluate_predictions(designed, risks, [5.0], 1, 100)
        lower, upper = result.limits("model", "observed_risk", 5.0)
        spread.append(upper - lower)
    assert spread[1] > 2 * spread[0]


def test_a_weight_of_nothing_and_a_cluster_alone_are_refused() -> None:
    with pytest.raises(CohortError, match=r"weight: must be finite and above zero \(1 row"):
        Survey(np.array([1.0, 0.0, 2.0]))
    with pytest.raises(CohortError, match="1 strata have one cluster alone"):
        next(Survey(np.ones(4), ["a", "a", "b", "b"], [1, 2, 1, 1]).resample(1, 0))


def test_the_spread_of_resamples_is_that_of_linearisation() -> None:
    draws = np.random.default_rng(6)
    stratum, cluster = np.repeat(np.arange(8), 100), np.repeat(np.arange(80), 10)
    weight = draws.uniform(0.5, 4, 800)
    event = draws.random(800) < np.repeat(draws.uniform(0.1, 0.5, 80), 10)
    mean = np.average(event, weights=weight)
    of_cluster = np.bincount(cluster, weight * (event - mean) / weight.sum()).reshape(8, 10)
    gaps = of_cluster - of_cluster.mean(axis=1, keepdims=True)
    expected = np.sqrt((10 / 9 * (gaps**2).sum(axis=1)).sum())
    resamples = Survey(weight, stratum, cluster).resample(600, seed=2)
    means = [np.average(event, weights=counts) for counts in resamples]
    assert np.mean(means) == pytest.approx(mean, abs=expected / 5)
    assert np.std(means) == pytest.approx(expected, rel=0.12)


def test_patients_are_drawn_as_often_as_they_stand_for_others() -> None:
    draws = np.random.default_rng(4)
    weight = draws.lognormal(size=300)
    drawn = np.bincount(draw_by_weight(weight, 5_000), minlength=300)
    assert np.abs(drawn - 5_000 * weight / weight.sum()).max() < 1.0
    assert draw_by_weight(np.full(7, 0.3), 7).tolist() == list(range(7))
    assert draw_by_weight(weight, 3).max() < 300


def test_the_chosen_count_in_proportion_and_for_what_they_are_worth_in_all() -> None:
    weight = np.random.default_rng(4).lognormal(size=300)
    chosen = np.arange(300) % 3 > 0
    worth = count_by_worth(weight, chosen)
    assert worth.sum() == pytest.approx(effective_size(weight[chosen]))
    assert np.ptp(worth / weight[chosen]) == pytest.approx(0)
    for alike in (None, np.full(300, 3.7)):
        assert count_by_worth(alike, chosen).tolist() == [1.0] * 200


@pytest.mark.parametrize("n_strata", [1, 3])
@pytest.mark.parametrize("per_stratum", [2, 3, 4, 5, 12, 40])
def test_the_fewer_clusters_the_wider_resamples_vary_and_nobody_weighs_less_than_nothing(
    n_strata: int, per_stratum: int
) -> None:
    cluster = np.arange(n_strata * per_stratum)
    stratum = cluster // per_stratum
    survey = Survey(np.ones(len(cluster)), stratum, cluster)
    draws = np.array(list(survey.resample(4_000, seed=5)))
    assert draws.min() >= 0
    totals = draws.reshape(len(draws), n_strata, per_stratum).sum(axis=2)
    assert np.allclose(totals, per_stratum)
    # of patients who are no clusters, and so of as many clusters less one and no more
    alone = np.array(list(Survey(np.ones(len(cluster)), stratum).resample(4_000, seed=5)))
    wider = draws.var(axis=0).mean() / alone.var(axis=0).mean()
    degrees = len(cluster) - n_strata
    most = degrees / (degrees - 2) if degrees > 2 else np.inf  # of Student's t
    assert 0.95 < wider < 1.05 * most
    if per_stratum > 3 and n_strata == 1:
        assert wider > 1 + 0.25 * (min(most, 3.0) - 1)


def test_a_handful_of_clusters_is_told_and_many_are_not() -> None:
    patients = np.arange(120)
    few, many = (Survey(np.ones(120), cluster=patients % n) for n in (5, 8))
    assert "there are 5 in 1 stratum" in few.find_few_clusters()
    assert not many.find_few_clusters()
    # two in each of twenty strata leave twenty degrees of freedom, not forty
    paired = Survey(np.ones(120), stratum=patients % 20, cluster=patients % 40)
    assert "there are 40 in 20 strata" in paired.find_few_clusters()
    assert not Survey(np.ones(120)).find_few_clusters()


def test_clusters_without_weights_weigh_nobody() -> None:
    assert not Survey(np.ones(6), cluster=[1, 1, 2, 2, 3, 3]).is_weighted
    assert Survey(np.array([1.0, 1, 1, 1, 1, 2])).is_weighted
