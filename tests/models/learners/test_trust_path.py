"""How far the prior of the linear part is trusted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from models.learners.penalised_cox import CoxTask
from models.learners.penalised_logistic import LogisticTask
from models.learners.prior import TermPrior, Trust
from models.learners.shapes.linear_design import Limits
from models.learners.trust_path import Believed, Terms, TrustPath, choose_trust, list_trusts

POOL = ThreadPoolExecutor(2)
TRUSTS = list_trusts((1.0, 0.0), (0.25, 1.0, 4.0), (1.0, 0.1, 0.01), sparse=True)
EVEN = [trust for trust in TRUSTS if not trust.sparse]


def _prior(mean: np.ndarray, width: float = 0.1) -> TermPrior:
    n_terms = len(mean)
    nothing = np.zeros(0)
    widths, free = np.full(n_terms, width), np.zeros(n_terms, bool)
    return TermPrior(mean, widths, free, free, np.zeros((0, n_terms)), nothing, nothing)


def _path(
    task: CoxTask | LogisticTask,
    terms: Terms,
    prior: TermPrior,
    trusts: list[Trust] = TRUSTS,
) -> TrustPath:
    of_folds = [Believed(task.on(terms, fold), prior) for fold in _folds(len(terms.values))]
    return choose_trust(Believed(task.on(terms, None), prior), of_folds, trusts, POOL)


def _folds(n_patients: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rows = np.arange(n_patients)
    return [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]


def _free(values: np.ndarray) -> Terms:
    return Terms(values, _limits(np.zeros(values.shape[1])), np.zeros(len(values)))


def _limits(directions: np.ndarray) -> Limits:
    return Limits(np.diag(directions), np.arange(len(directions)))


def _draw(beta: np.ndarray, seed: int, n: int = 300) -> tuple[CoxTask, Terms]:
    draws = np.random.default_rng(seed)
    values = draws.normal(size=(n, len(beta)))
    time = draws.exponential(np.exp(-values @ beta))
    return CoxTask(time, draws.random(n) < 0.3), _free(values)


BETA = np.concatenate([[0.5, -0.4, 0.3], np.full(10, 0.15), np.zeros(40)])


def test_what_is_published_and_true_is_trusted_and_brings_the_fit_nearer_to_the_truth() -> None:
    task, terms = _draw(BETA, seed=1)
    told, untold = _path(task, terms, _prior(BETA)), _path(task, terms, _prior(np.zeros(53)))
    assert told.trust.mean == 1.0
    assert told.score > untold.score
    error = [np.square(path.coefficients - BETA).sum() for path in (told, untold)]
    assert error[0] < error[1] / 2


def test_what_is_published_and_wrong_is_not_trusted() -> None:
    task, terms = _draw(BETA, seed=2)
    wrong = _path(task, terms, _prior(-BETA))
    assert wrong.trust.mean == 0.0 or wrong.trust.penalty is not None
    nothing_told = _path(task, terms, _prior(np.zeros(53)), EVEN)
    assert wrong.score == pytest.approx(max(dict(nothing_told.scores).values()))


@pytest.mark.parametrize("true_of", ["recurrent", "first"])
def test_effects_of_first_events_are_believed_only_where_they_are_clearly_better(
    true_of: str,
) -> None:
    trusts = list_trusts((1.0,), (0.5, 1.0), (), first_events=True)
    right, wrong = _prior(BETA), _prior(-BETA)
    told, first = (right, wrong) if true_of == "recurrent" else (wrong, right)
    task, terms = _draw(BETA, seed=6)
    path = _path(task, terms, replace(told, of_first_events=first), trusts)
    assert path.trust.first_events == (true_of == "first")
    alone = _path(task, terms, right, list_trusts((1.0,), (0.5, 1.0), ()))
    assert path.score == pytest.approx(alone.score)
    # alike, those of recurrent events stand
    alike = _path(task, terms, replace(right, of_first_events=right), trusts)
    assert not alike.trust.first_events


def test_a_plain_ridge_is_always_among_those_tried() -> None:
    task, terms = _draw(np.full(53, 0.08), seed=3, n=3_000)
    path = _path(task, terms, _prior(-BETA, 0.001))
    scores = dict(path.scores)
    assert path.score == max(scores.values())
    assert Trust(penalty=0.1) in scores
    assert path.trust.penalty is not None


def test_no_cohort_makes_an_effect_of_what_has_none_established() -> None:
    beta = BETA.copy()
    beta[-1] = 0.6
    task, terms = _draw(beta, seed=4)
    width = np.full(53, 0.1)
    width[-1] = 0.005
    fixed = np.arange(53) == 52
    prior = replace(_prior(np.zeros(53)), width=width, fixed=fixed)
    for trust in TRUSTS:
        path = _path(task, terms, prior, [trust])
        assert abs(path.coefficients[-1]) < 0.01


def test_of_a_sum_more_is_known_than_of_its_parts() -> None:
    draws = np.random.default_rng(5)
    common = draws.normal(size=400)
    values = common[:, None] + 0.05 * draws.normal(size=(400, 4))
    time = draws.exponential(np.exp(-0.5 * common))
    task, terms = CoxTask(time, draws.random(400) < 0.1), _free(values)
    loose = _prior(np.zeros(4), 1.0)
    tight = replace(
        loose, sums=np.ones((1, 4)), sum_mean=np.array([0.5]), sum_width=np.array([0.02])
    )
    trust = Trust(1.0, 1.0)
    assert _path(task, terms, tight, [trust]).coefficients.sum() == pytest.approx(0.5, abs=0.04)
    gaussian = tight.gaussian(trust, 100)
    assert gaussian.mean.sum() == pytest.approx(0.5, abs=0.001)
    covariance = np.linalg.inv(gaussian.precision)
    assert np.sqrt(covariance.sum()) == pytest.approx(0.02, rel=0.01)
    assert np.sqrt(covariance[0, 0]) > 0.8


def test_no_trust_makes_what_is_published_narrower_and_any_may_make_it_wider() -> None:
    published = np.array([True, False])
    prior = replace(_prior(np.array([0.5, 0.0]), 0.1), published=published)
    for width, expected in ((0.25, [0.1, 0.025]), (4.0, [0.4, 0.4])):
        precision = prior.gaussian(Trust(1.0, width), 100).precision
        assert np.diag(precision) ** -0.5 == pytest.approx(expected)
        wide = prior.gaussian(Trust(1.0, width), 100, widen=2.0).precision
        assert np.diag(wide) ** -0.5 == pytest.approx(2 * np.array(expected))


@pytest.mark.parametrize("width", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("sum_width", [0.02, 0.5])
def test_a_sum_is_known_as_well_as_published_whatever_is_believed_of_its_parts(
    width: float, sum_width: float
) -> None:
    # parts that pull elsewhere, narrower or wider than the sum, one of them published
    prior = replace(
        _prior(np.array([0.3, 0.0, -0.1, 0.0]), 0.1),
        published=np.array([True, False, True, False]),
        sums=np.array([[1.0, 3.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]]),
        sum_mean=np.array([0.5, -0.4]),
        sum_width=np.full(2, sum_width),
    )
    gaussian = prior.gaussian(Trust(1.0, width), 100)
    covariance = prior.sums @ np.linalg.inv(gaussian.precision) @ prior.sums.T
    known = max(1.0, width)
    assert prior.sums @ gaussian.mean == pytest.approx(prior.sum_mean)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(known * prior.sum_width)
    assert covariance[0, 1] == pytest.approx(0.0, abs=1e-12)
    wide = prior.gaussian(Trust(1.0, width), 100, widen=2.0)
    assert wide.precision * 4 == pytest.approx(gaussian.precision, abs=1e-6)


def test_distrust_of_what_is_published_has_to_gain_a_parameters_worth() -> None:
    task, terms = _draw(BETA, seed=6)
    path = _path(task, terms, _prior(0.9 * BETA))
    scores = dict(path.scores)
    trusting = max(score for trust, score in scores.items() if trust.mean == 1.0)
    best = max(scores.values())
    assert path.trust.mean == 1.0
    assert path.score == trusting
    assert best - trusting <= 0.5 * np.log(task.on(terms, None).n_events)
    untrusting = [trust for trust in TRUSTS if trust.mean != 1.0]
    alone = _path(task, terms, _prior(0.9 * BETA), untrusting)
    assert alone.score == max(dict(alone.scores).values())


FEW_AND_STRONG = np.concatenate([[0.5, -0.5], np.zeros(78)])
MANY_AND_WEAK = np.random.default_rng(9).normal(scale=0.08, size=80)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_few_strong_effects_among_many_of_none_are_found_without_the_rest(seed: int) -> None:
    task, terms = _draw(FEW_AND_STRONG, seed, n=1_200)
    prior = _prior(np.zeros(80))
    path = _path(task, terms, prior)
    even = _path(task, terms, prior, EVEN)
    assert path.trust.sparse
    error = [np.square(one.coefficients - FEW_AND_STRONG).sum() for one in (path, even)]
    assert error[0] < error[1] / 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_effects_are_sparse_only_where_that_is_clearly_better(seed: int) -> None:
    task, terms = _draw(MANY_AND_WEAK, seed, n=1_200)
    for trusts in (TRUSTS, list_trusts((0.0,), (0.25, 1.0, 4.0), (0.1,), sparse=True)):
        path = _path(task, terms, _prior(np.zeros(80)), trusts)
        scores = dict(path.scores)
        best = max(score for trust, score in scores.items() if not trust.sparse)
        assert max(scores.values()) - best < 0.5 * np.log(task.on(terms, None).n_events)
        assert not path.trust.sparse


@pytest.mark.parametrize("timed", [True, False])
def test_a_sparse_fit_is_where_likelihood_and_students_prior_balance(timed: bool) -> None:
    in_time, terms = _draw(FEW_AND_STRONG[:20], seed=4)
    task = in_time if timed else LogisticTask(terms.values[:, 0] > 0.3)
    published, fixed = np.arange(20) == 1, np.arange(20) == 2
    mean = np.where(published, -0.4, 0.0)
    prior = replace(_prior(mean), published=published, fixed=fixed)
    trust, everyone = Trust(1.0, 0.5, sparse=True), task.on(terms, None)
    beta = Believed(everyone, prior).fit(trust)
    pull = everyone.gradient(terms.margin(beta))
    scale = prior.width * np.where(published | fixed, 1.0, trust.width)
    student, normal = 3 * beta / (2 * scale**2 + beta**2), (beta - mean) / scale**2
    assert pull == pytest.approx(np.where(published | fixed, normal, student), abs=0.3)
    # one strong effect is hardly shrunk, as a normal prior of that width would
    even = Believed(everyone, prior).fit(replace(trust, sparse=False))
    assert abs(beta[0]) > 1.2 * abs(even[0])


def test_the_posterior_of_sparse_effects_covers_both_kinds() -> None:
    inside: dict[bool, list[bool]] = {True: [], False: []}
    trust, truth = Trust(0.0, 0.5, sparse=True), FEW_AND_STRONG[:30]
    for seed in range(12):
        task, terms = _draw(truth, seed, n=800)
        believed = Believed(task.on(terms, None), _prior(np.zeros(30)))
        beta = believed.fit(trust)
        deviation = np.sqrt(np.diag(believed.covariance(trust, beta)))
        covered = np.abs(beta - truth) < 1.645 * deviation
        for strong in inside:
            inside[strong] += list(covered[(truth != 0.0) == strong])
    assert 0.8 < np.mean(inside[True]) <= 1.0
    assert 0.85 < np.mean(inside[False]) <= 1.0


def test_logistic_coefficients_point_where_the_truth_does() -> None:
    draws = np.random.default_rng(4)
    values = draws.normal(size=(3_000, 3))
    occurred = draws.random(3_000) < 1 / (1 + np.exp(1.0 - values @ [1.0, -0.5, 0.0]))
    path = _path(LogisticTask(occurred), _free(values), _prior(np.zeros(3)))
    assert path.coefficients == pytest.approx([1.0, -0.5, 0.0], abs=0.12)


@pytest.mark.parametrize("timed", [True, False])
def test_the_posterior_covers_the_truth_of_which_the_prior_speaks(timed: bool) -> None:
    inside = []
    for seed in range(12):
        draws = np.random.default_rng(seed)
        beta = draws.normal(scale=0.2, size=15)
        values = draws.normal(size=(400, 15))
        task: CoxTask | LogisticTask
        if timed:
            time = draws.exponential(np.exp(-values @ beta))
            task = CoxTask(time, draws.random(400) < 0.4)
        else:
            task = LogisticTask(draws.random(400) < 1 / (1 + np.exp(1.0 - values @ beta)))
        believed = Believed(task.on(_free(values), None), _prior(np.zeros(15), 0.2))
        found = believed.fit(Trust())
        deviation = np.sqrt(np.diag(believed.covariance(Trust(), found)))
        inside += list(np.abs(found - beta) < 1.645 * deviation)
    assert 0.84 < np.mean(inside) < 0.96


def test_no_coefficient_points_against_its_direction() -> None:
    draws = np.random.default_rng(5)
    values = draws.normal(size=(800, 6))
    time = draws.exponential(np.exp(-values @ [0.5, -0.5, 0.3, 0.0, 0.0, 0.0]))
    directions = np.array([1.0, 1.0, -1.0, 1.0, -1.0, 0.0])
    terms = Terms(values, _limits(directions), np.zeros(800))
    task = CoxTask(time, np.ones(800, bool))
    path = _path(task, terms, _prior(np.zeros(6)))
    assert (path.coefficients * directions >= 0).all()
    assert path.coefficients[1] == path.coefficients[2] == 0.0
    assert path.coefficients[0] > 0.3


@pytest.mark.parametrize("kind", ["plain", "weighted", "late"])
def test_a_search_among_folds_ends_where_an_exact_fit_does(kind: str) -> None:
    draws = np.random.default_rng(21)
    values = draws.normal(size=(500, 6))
    time = draws.exponential(np.exp(-values[:, 0])) + 0.2
    start = time * draws.random(500) * 0.8 if kind == "late" else None
    weight = draws.uniform(0.5, 2.0, 500) if kind == "weighted" else None
    task, terms = CoxTask(time, draws.random(500) < 0.5, start, weight), _free(values)
    fold = _folds(500)[0]
    searched = task.on(terms, fold)
    exact = replace(searched, searched=None)
    trust, prior = Trust(penalty=0.1), _prior(np.zeros(6))
    ours, theirs = (Believed(one, prior).fit(trust) for one in (searched, exact))
    assert ours == pytest.approx(theirs, abs=2e-5)
    assert searched.score(terms.margin(ours)) == pytest.approx(
        exact.score(terms.margin(theirs)), abs=1e-4
    )
