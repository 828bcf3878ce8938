"""What to warn of before a model is used: of what its cohort cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.dictionary.prior import Priors
from features.endpoint import EVENT, Endpoint

FEW_EVENTS = 50
COMFORTABLE_EVENTS_PER_FEATURE = 10
_NORMAL = 1.96


def warn_of_few_events(
    report: Mapping[str, Any], feature_names: Sequence[str], priors: Priors
) -> list[str]:
    """Below ``FEW_EVENTS``: how much is published, and how far off the level of risk may be.

    ``report``: of the training, which says whether what is published has any part in the model.
    The log of a rate from d events has a standard error of 1 / sqrt(d).
    """
    n_events, linear = report["events"], report["causes"]["event"].get("linear", {})
    if n_events >= FEW_EVENTS:
        return []
    published = sum(priors.is_published(name) for name in feature_names)
    behind = (
        f"the model is mostly what is published, of {published} of its {len(feature_names)} "
        "features. The level of risk comes from this cohort alone and"
        if linear.get("prior_mean")
        else "the model rests on these alone, on no published effect, and says little of what "
        "each feature does. The level of risk"
    )
    factor = np.exp(_NORMAL / np.sqrt(n_events))
    return [
        f"{n_events} events, fewer than {FEW_EVENTS}: {behind} may be off by a factor of "
        f"{factor:.1f}."
    ]


def effective_events(endpoint: Endpoint) -> float:
    """Events of patients drawn at random that tell as much as those that were weighted or sampled.

    Of a case-cohort sample fewer than there are: its controls are few.
    """
    return endpoint.effective_events(EVENT, endpoint.event == EVENT)


def warn_of_few_per_feature(endpoint: Endpoint, n_features: int) -> list[str]:
    """Below ``COMFORTABLE_EVENTS_PER_FEATURE``: that estimates rely on penalisation."""
    effective = effective_events(endpoint)
    if effective / n_features >= COMFORTABLE_EVENTS_PER_FEATURE:
        return []
    worth = f" worth {effective:.0f}" if endpoint.is_weighted else ""
    return [
        f"{effective / n_features:.1f} events per feature ({endpoint.n_events} events{worth}, "
        f"{n_features} features): below {COMFORTABLE_EVENTS_PER_FEATURE}, so estimates rely on "
        "penalisation. Prefer fewer features or more events."
    ]


def warn_of_few_competing(endpoint: Endpoint, minimum: int) -> list[str]:
    """Below ``minimum`` competing events: that nothing was learnt of who has them."""
    n_competing = endpoint.n_competing
    if endpoint.is_fixed_horizon or not 0 < n_competing < minimum:
        return []
    return [
        f"{n_competing} competing events, fewer than {minimum}: their hazard is taken to be the "
        "same for every patient, at any age."
    ]


def warn_of_fixed_horizon(endpoint: Endpoint) -> list[str]:
    """That a yes or no by a fixed horizon answers no other; nothing where times are recorded."""
    if not endpoint.is_fixed_horizon:
        return []
    others = "" if endpoint.any_death else ", as do those who died of something else"
    return [
        f"The cohort records only a yes or no by {endpoint.horizon:g} years: no other horizon can "
        f"be answered. Patients lost before it count as event-free{others}: risk is a cumulative "
        "incidence if none was lost."
    ]
