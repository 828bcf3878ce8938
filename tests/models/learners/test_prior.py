from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.dictionary.prior import Belief, Modifier, Prior, Priors
from models.learners.completion_fitting import learn_completion
from models.learners.prior import Trust, term_prior
from models.learners.shapes.linear_design import LinearDesign

NAMES = ["published", "continuous", "even"]


def _widths(known: Mapping[str, Prior]) -> dict[str, float]:
    """Width of each straight term, per standard deviation of its feature."""
    draws = np.random.default_rng(1)
    values = draws.normal(size=(400, 3))
    values[:, 2] = np.arange(400) % 2
    completion = learn_completion(values)
    seen = completion.complete(values)
    design = LinearDesign.learn(completion, seen)
    prior = term_prior(design, NAMES, Priors(known), "event")
    used = [NAMES[position] for position in completion.used]
    return dict(zip(used, prior.width.tolist(), strict=False))


def test_where_nothing_is_published_a_deviation_is_worth_an_even_yes_or_no() -> None:
    widths = _widths({})
    assert np.isclose(widths["continuous"], widths["even"], rtol=0.01)


def test_beside_published_effects_what_nobody_has_published_is_smaller() -> None:
    alone, beside = _widths({}), _widths({"published": Prior(Belief(0.3, 0.2), source="A 2001")})
    assert beside["continuous"] == alone["continuous"] / 2
    assert beside["even"] == alone["even"]
    assert np.isclose(beside["published"], 0.2, rtol=0.1)


def test_an_effect_that_depends_on_another_feature_is_believed_as_published() -> None:
    draws = np.random.default_rng(2)
    values = draws.normal(size=(400, 3)) * [5.0, 2.0, 1.0]
    completion = learn_completion(values)
    design = LinearDesign.learn(completion, completion.complete(values), [(0, 1)])
    known = Modifier("published", "continuous", Prior(Belief(-0.01, 0.02), source="A 2001"))
    priors = Priors({"published": Prior(Belief(0.3, 0.2), source="B 2002")}, modifiers=(known,))
    place = len(completion.used) + len(design.bends.columns)
    unit = completion.scale[0] * completion.scale[1]

    prior = term_prior(design, NAMES, priors, "event")
    assert (prior.mean[place], prior.width[place]) == (-0.01 * unit, 0.02 * unit)
    # no trust makes it narrower than it was published
    narrow = prior.gaussian(Trust(1.0, 0.25), 100.0)
    assert np.isclose(narrow.precision[place, place], (0.02 * unit) ** -2.0)
    # of another cause nothing is told: no data may move it
    death = term_prior(design, NAMES, priors, "competing")
    assert death.mean[place] == 0.0
    assert death.gaussian(Trust(1.0, 4.0), 100.0).precision[place, place] > 1e7


def test_that_recurrent_events_have_no_such_effect_is_published_too() -> None:
    """Widths do not jump where the last patients have known disease, too."""
    draws = np.random.default_rng(3)
    values = draws.normal(size=(400, 3))
    completion = learn_completion(values)
    design = LinearDesign.learn(completion, completion.complete(values))
    prior = Prior(Belief(0.3, 0.2), recurrent=Belief(0.0, 0.2), source="A 2001")

    def width(share: float) -> float:
        believed = term_prior(design, NAMES, Priors({"published": prior}).among(share), "event")
        narrow = believed.gaussian(Trust(1.0, 0.25), 100.0)
        return float(narrow.precision[0, 0] ** -0.5 / completion.scale[0])

    assert np.isclose(width(1.0), 0.2)
    assert np.isclose(width(0.999), width(1.0), rtol=0.01)


def test_what_is_published_of_other_deaths_alone_is_published_of_any_death() -> None:
    known = Priors({"published": Prior(death=Belief(0.3, 0.2), source="A 2001")})
    assert not known.is_published("published")
    assert known.among(0.0, any_death=True).is_published("published")
