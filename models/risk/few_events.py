"""What to say of a cohort of which the published effects have to carry the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.dictionary.prior import Priors

FEW_EVENTS = 50
_NORMAL = 1.96


def warn_of_few_events(
    n_events: int, feature_names: Sequence[str], priors: Priors | None
) -> list[str]:
    """Below ``FEW_EVENTS``: how much is published, and how far off the level of risk may be.

    The log of a rate from d events has a standard error of 1 / sqrt(d).
    """
    if n_events >= FEW_EVENTS:
        return []
    known = priors or Priors()
    published = sum(known.is_published(name) for name in feature_names)
    factor = np.exp(_NORMAL / np.sqrt(n_events))
    return [
        f"{n_events} events, fewer than {FEW_EVENTS}: the model is mostly what is published, of "
        f"{published} of its {len(feature_names)} features. The level of risk comes from this "
        f"cohort alone and may be off by a factor of {factor:.1f}."
    ]
