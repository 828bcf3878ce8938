from __future__ import annotations

import numpy as np

from features.dictionary.prior import Belief, Prior, Priors
from features.endpoint import Endpoint
from features.sample.case_cohort import CaseCohort
from features.sample.survey import Survey
from models.risk.few_events import (
    effective_events,
    warn_of_few_competing,
    warn_of_few_events,
    warn_of_few_per_feature,
)


def _endpoint(n_competing: int) -> Endpoint:
    event = np.zeros(400, np.int8)
    event[:100], event[100 : 100 + n_competing] = 1, 2
    return Endpoint(np.linspace(1, 9, 400), event)


def test_who_dies_of_something_else_is_not_learnt_from_a_few_and_that_is_told() -> None:
    (told,) = warn_of_few_competing(_endpoint(13), 20)
    assert told.startswith("13 competing events, fewer than 20")
    assert not warn_of_few_competing(_endpoint(0), 20)
    assert not warn_of_few_competing(_endpoint(20), 20)


def test_events_of_a_case_cohort_sample_count_for_what_its_controls_leave() -> None:
    whole, subcohort = _endpoint(0), np.arange(400) >= 80
    design = CaseCohort(subcohort, np.full(400, 0.05))
    survey = Survey.of_case_cohort(design, whole.event)
    sample = Endpoint(whole.time, whole.event, survey=survey)
    assert effective_events(whole) == 100
    assert effective_events(sample) < 90
    assert not warn_of_few_per_feature(whole, 10)
    (told,) = warn_of_few_per_feature(sample, 10)
    assert "100 events worth" in told


def test_only_a_model_that_trusts_what_is_published_is_said_to_be_made_of_it() -> None:
    priors = Priors({"age": Prior(Belief(0.02, 0.01))})
    told = {}
    for trust in ("prior_mean", "ridge_penalty"):
        report = {"events": 36, "causes": {"event": {"linear": {trust: 0.5}}}}
        (told[trust],) = warn_of_few_events(report, ["age", "own"], priors)
        assert told[trust].endswith("may be off by a factor of 1.4.")
    assert "mostly what is published, of 1 of its 2 features" in told["prior_mean"]
    assert "rests on these alone, on no published effect" in told["ridge_penalty"]
