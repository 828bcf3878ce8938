"""The recipe of the risk model, as params.yaml describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.settings.params import TrainParams

if TYPE_CHECKING:
    import pandas as pd

    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from models.risk.risk_model import RiskModel

# A horizon that fewer development patients were followed up to is left out.
MINIMUM_AT_RISK = 20


def require_clock(X: pd.DataFrame, endpoint: Endpoint) -> None:
    """Raise ConfigError where hazards of ages are to be learnt and the age was left out."""
    from features.endpoint import AGE
    from features.errors import ConfigError
    from models.risk.predictor import CLOCK

    if endpoint.time_scale == AGE and CLOCK not in X:
        raise ConfigError(
            "the time scale is age, and a model without the variable 'age' cannot tell a risk: "
            "take it out of featurize.exclude and of train.variants, or 'time_scale' out of the map"
        )


def make_model(
    train: TrainParams,
    seed: int,
    dictionary: Dictionary | None = None,
    known_disease: float | None = None,
) -> RiskModel:
    """The risk model as params.yaml describes it, by the dictionary's directions and priors.

    ``dictionary``: None for the data dictionary without variables of one's own.
    ``known_disease``: share of the patients with it, whichever of their variables the model is
    shown; None where its features tell.
    """
    from features.derivation.catalogue import catalogue_of
    from features.dictionary.dictionary import Dictionary
    from features.dictionary.published_priors import load_priors
    from models.risk.risk_model import RiskModel

    known = dictionary or Dictionary.load()
    catalogue, priors = catalogue_of(known), load_priors(known)
    return RiskModel(
        monotone={one.name: one.monotone for one in catalogue if one.monotone},
        priors=priors if known_disease is None else priors.among(known_disease),
        n_folds=train.n_folds,
        minimum_events=train.minimum_events,
        n_threads=train.n_threads,
        device=train.device,
        seed=seed,
        **asdict(train.linear),
        **asdict(train.boosted),
    )
