from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.dictionary.known_disease import KNOWN_DISEASE, share_with_known_disease
from features.dictionary.prior import Belief, Prior, Priors, Sum
from features.dictionary.published_priors import load_priors

FIRST, GIVEN, RECURRENT = Belief(0.75, 0.25), Belief(0.41, 0.2), Belief(0.25, 0.1)


@pytest.mark.parametrize("name", KNOWN_DISEASE)
def test_who_is_recorded_to_have_any_has_it_whatever_else_is_unknown(name: str) -> None:
    others = {other: [np.nan, 0.0, np.nan, 0.0] for other in KNOWN_DISEASE}
    assert share_with_known_disease(pd.DataFrame({**others, name: [1.0, 1.0, 0.0, 0.0]})) == 0.5


def test_who_nothing_is_recorded_of_is_not_counted() -> None:
    nothing = pd.DataFrame({name: [np.nan] * 9 for name in KNOWN_DISEASE})
    two = pd.DataFrame({name: [1.0, 0.0] for name in KNOWN_DISEASE})
    assert share_with_known_disease(pd.concat([nothing, two])) == 0.5
    assert share_with_known_disease(nothing) == 0.0
    assert share_with_known_disease(pd.DataFrame({"age": [60.0]})) == 0.0


@pytest.mark.parametrize("have_it", [1, 5, 9, 10])
def test_a_disease_that_is_only_ever_affirmed_is_not_everybodys(have_it: int) -> None:
    """Lists of diagnoses hold no absence of one: those who have it are not all."""
    affirmed = [1.0] * have_it + [np.nan] * (10 - have_it)
    one = pd.DataFrame({"prior_cad": affirmed, "prior_pad": [np.nan] * 10})
    assert share_with_known_disease(one) == have_it / 10
    denied = one.assign(prior_stroke=0.0)
    assert share_with_known_disease(denied) == have_it / 10


def test_a_weighted_sample_has_the_share_of_its_population() -> None:
    values = pd.DataFrame({"prior_pad": [1.0, 0.0, np.nan]})
    assert share_with_known_disease(values, np.array([1.0, 4.0, 90.0])) == 0.2


def test_a_share_tells_of_no_single_patient() -> None:
    rows = np.arange(1_000.0)
    shares = {
        share_with_known_disease(pd.DataFrame({"prior_cad": (rows < few).astype(float)}))
        for few in range(120)
    }
    assert shares == {0.0, 0.1}


@pytest.mark.parametrize("knows_calcium", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_one_effect_of_all_is_believed_between_those_of_either_group(
    share: float, knows_calcium: bool
) -> None:
    prior = Prior(FIRST, GIVEN, RECURRENT, source="A 2001")
    first = GIVEN if knows_calcium else FIRST
    draws = np.random.default_rng(1)
    of_whom = draws.random(400_000) < share
    drawn = np.where(of_whom, draws.normal(*RECURRENT, 400_000), draws.normal(*first, 400_000))
    belief = prior.of("event", knows_calcium, share)
    assert belief is not None
    assert np.allclose(belief, (drawn.mean(), drawn.std()), atol=0.002)


def test_where_nothing_is_published_of_recurrent_events_first_ones_are_believed() -> None:
    prior = Prior(FIRST, death=Belief(0.4, 0.1), source="A 2001")
    for share, cause in itertools.product((0.0, 0.4, 1.0), ("event", "competing")):
        assert prior.of(cause, False, share) == prior.of(cause, False)


def test_other_causes_and_calcium_know_no_recurrence() -> None:
    growth = Belief(0.1, 0.1)
    prior = Prior(FIRST, recurrent=RECURRENT, death=GIVEN, growth=growth, onset=growth)
    fixed = Prior(Belief(0.0, 0.01), fixed=True)
    assert prior.of("competing", True, 1.0) == GIVEN
    assert prior.of("growth", True, 1.0) == prior.of("onset", True, 1.0) == growth
    assert fixed.of("event", True, 1.0) == fixed.event


def test_where_any_death_is_an_event_other_deaths_are_half_of_what_is_believed() -> None:
    death = Belief(0.1, 0.05)
    prior = Prior(FIRST, recurrent=RECURRENT, death=death, source="A 2001")
    for share, first in ((0.0, FIRST), (1.0, RECURRENT)):
        belief = prior.of("event", False, share, any_death=True)
        assert belief is not None
        assert np.isclose(belief.mean, (first.mean + death.mean) / 2)
        assert belief.width > min(first.width, death.width)
    assert replace(prior, death=None).of("event", False, any_death=True) == FIRST
    assert replace(prior, event=None, recurrent=None).of("event", False, any_death=True) == death
    assert prior.of("competing", False, any_death=True) == death


def test_features_their_sums_and_what_modifies_them_are_asked_of_the_same_patients() -> None:
    one = Prior(FIRST, recurrent=RECURRENT, source="A 2001")
    group = Sum({"a": 1.0, "b": 1.0}, one)
    priors = Priors({"a": one}, (group,)).among(1.0)
    assert priors.of("a", "event", False) == priors.of_sum(group, "event", False) == RECURRENT


def test_the_dictionary_knows_that_risk_factors_of_a_first_event_weigh_less_in_the_next() -> None:
    priors = load_priors(Dictionary.load())
    diseased = priors.among(1.0)
    for name in ("age", "sex_male", "diabetes", "bmi", "smoking_status_current", "ldl_cholesterol"):
        first, recurrent = (one.of(name, "event", False) for one in (priors, diseased))
        assert first is not None and recurrent is not None
        assert recurrent.mean < first.mean
