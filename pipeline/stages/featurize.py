"""Stage featurize: the features of every patient; row by row, nothing fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from features.errors import ConfigError
from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary


def run(params: Params, paths: Paths) -> None:
    """Write features.parquet for the ingested cohort."""
    from features.cohort import Cohort

    cohort = Cohort.read(paths.ingest)
    paths.featurize.mkdir(parents=True, exist_ok=True)
    features = featurize(cohort.covariates, params.featurize.exclude, cohort.dictionary)
    features.to_parquet(paths.features)


def featurize(
    covariates: pd.DataFrame, exclude: Sequence[str] = (), dictionary: Dictionary | None = None
) -> pd.DataFrame:
    """Features (n, p) float64 of canonical covariates, without those computed from ``exclude``.

    ``dictionary``: None for the data dictionary without variables of one's own.

    Raises ConfigError where an excluded name is not a variable of the dictionary, and where a
    recorded variable would reach no feature in silence.
    """
    from features.derivation.catalogue import catalogue_of, derive_features
    from features.dictionary.dictionary import Dictionary

    known = dictionary or Dictionary.load()
    for position, name in enumerate(exclude):
        if name not in known:
            raise ConfigError(
                f"params.yaml: featurize.exclude[{position}] is no variable of the dictionary: "
                f"{name}. `calcirisk variables` lists them"
            )
    require_reached(covariates, exclude, known)
    # scoring derives features from all variables, so one that merely could use it goes too
    features = catalogue_of(known)
    dropped = [f.name for f in features if not {f.variable, *f.inputs}.isdisjoint(exclude)]
    return derive_features(covariates, known).drop(columns=dropped)


def require_reached(
    covariates: pd.DataFrame, exclude: Sequence[str] = (), dictionary: Dictionary | None = None
) -> None:
    """Raise ConfigError naming each recorded variable that no feature is computed from.

    Such as one that was added to the dictionary alone. What the dictionary marks as recorded only,
    and what is excluded, need not reach the model.
    """
    from features.derivation.catalogue import catalogue_of
    from features.dictionary.dictionary import Dictionary

    known = dictionary or Dictionary.load()
    reached = {name for feature in catalogue_of(known) for name in feature.inputs}
    lost = [
        name
        for name, variable in known.items()
        if name in covariates and name not in {*reached, *exclude} and not variable.recorded_only
    ]
    if lost:
        raise ConfigError(
            f"No feature is computed from {', '.join(lost)}: the model would never see it. Add a "
            "line to features/derivation, or say in data/variables.yaml why it is recorded_only"
        )
