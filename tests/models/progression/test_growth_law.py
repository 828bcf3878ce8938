from __future__ import annotations

import numpy as np
import pytest

from models.progression.law.compiled_law import distribution as compiled
from models.progression.law.growth_law import GrowthLaw, Patients
from models.progression.law.law_fitting import rates_of
from models.progression.law.law_reading import distribution

SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
SCORES = (0.0, 10.0, 100.0, 300.0, 400.0, 1000.0)


@pytest.fixture(params=[("gamma", 2.2, 0.5), ("lognormal", 0.75, 0.4)], ids=["gamma", "lognormal"])
def law(request: pytest.FixtureRequest) -> GrowthLaw:
    family, spread, power = request.param
    return GrowthLaw(power, *rates_of(family, spread))


def test_the_chance_to_pass_a_score_never_falls_with_time(law: GrowthLaw, people: Patients) -> None:
    passed, _, mean = distribution(law, people, SCORES, list(np.linspace(0.2, 12, 30)), ())
    known = ~np.isnan(people.first)
    assert (np.diff(passed[known], axis=1) >= -1e-12).all()
    assert (np.diff(mean[known], axis=1) >= -1e-9).all()


def test_quantiles_never_cross_and_fall_with_time_by_no_more_than_is_read_off(
    law: GrowthLaw, people: Patients
) -> None:
    _, scores, _ = distribution(law, people, (), list(np.linspace(0.2, 12, 30)), SHARES)
    known = ~np.isnan(people.first)
    assert (np.diff(scores[known], axis=2) >= 0).all()
    assert (np.diff(scores[known], axis=1) >= -1e-3 * (1 + scores[known][:, 1:])).all()


def test_a_quantile_is_the_score_that_its_share_lies_below(
    law: GrowthLaw, people: Patients
) -> None:
    some = people.take(people.first > 0)
    _, scores, _ = distribution(law, some, (), (5.0,), SHARES)
    reached = law.cdf(some, scores[:, 0], np.full(len(some), 5.0))
    above_zero = scores[:, 0] > 1
    assert reached[above_zero] == pytest.approx(
        np.broadcast_to(SHARES, reached.shape)[above_zero], abs=0.01
    )


def test_a_score_of_zero_can_stay_zero(law: GrowthLaw, people: Patients) -> None:
    passed, scores, _ = distribution(law, people, (0.0,), (2.0,), SHARES)
    assert 0 < passed[0, 0, 0] < 0.3
    assert scores[0, 0, 3] == 0


def test_a_missing_first_score_has_no_forecast_and_is_never_taken_for_zero(
    law: GrowthLaw, people: Patients
) -> None:
    for read in (distribution, compiled):
        for part in read(law, people, SCORES, (5.0,), SHARES):
            assert np.isnan(part[-1]).all()
            assert not np.isnan(part[:-1]).any()


def test_the_compiled_loop_gives_the_numbers_of_numpy(law: GrowthLaw, people: Patients) -> None:
    for fast, slow in zip(
        compiled(law, people, SCORES, (2.5, 10.0), SHARES),
        distribution(law, people, SCORES, (2.5, 10.0), SHARES),
        strict=True,
    ):
        assert fast == pytest.approx(slow, rel=1e-4, abs=1e-4, nan_ok=True)


def test_a_batch_of_nobody_is_forecast(law: GrowthLaw, people: Patients) -> None:
    nobody = people.take(np.zeros(len(people), dtype=bool))
    for read in (distribution, compiled):
        assert [len(part) for part in read(law, nobody, SCORES, (5.0,), SHARES)] == [0, 0, 0]


def test_the_law_survives_being_stored(law: GrowthLaw) -> None:
    assert GrowthLaw.from_dict(law.to_dict()) == law
