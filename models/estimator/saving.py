"""A fitted estimator as a model folder, which scores, explains and is logged like any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.cohort import Cohort
from features.derivation.catalogue import derive_features
from features.errors import ModelError
from features.fingerprint import fingerprint_patients
from features.sample.survey import draw_by_weight
from features.splits import require_endpoint
from models.estimator.risk_estimator import RiskEstimator
from models.explanation.explainer import Explainer
from models.risk.absolute_risk import counts_age
from models.saving.model_writer import write_model_folder
from models.storage.installed_version import version_of
from models.storage.model_folder import About
from models.uncertainty.fitting import fit_uncertainty


def save_model(
    estimator: RiskEstimator,
    cohort: Cohort,
    horizons: Sequence[float],
    folder: Path | str,
    *,
    simulated: bool = False,
) -> About:
    """Write the estimator, fitted on the features of this cohort, into a folder of its own.

    With explainer and intervals, for `calcirisk score`, `models.serving.pyfunc.log_model` and the
    pages. ``horizons`` (years) are those reported unless others are asked for. Raises ModelError
    where it was fitted on other features than the catalogue's.
    """
    features = derive_features(cohort.covariates)
    predictor = estimator.model_.predictor_
    foreign = [name for name in predictor.feature_names if name not in features]
    if foreign:
        raise ModelError(
            f"The estimator uses features that calcirisk does not derive: "
            f"{', '.join(foreign[:5])}. Fit it on derive_features(cohort.covariates)"
        )
    if counts_age(predictor.link) and predictor.clock is None:
        raise ModelError(
            "The time scale of the estimator is age, and it was fitted without the feature 'age', "
            "by which hazards are read. Fit it on derive_features(cohort.covariates)"
        )
    endpoint = require_endpoint(cohort)
    about = About(
        name="calcirisk",
        cohort=cohort.name,
        simulated=simulated,
        horizons=tuple(float(one) for one in horizons),
        n_patients=len(cohort),
        n_events=endpoint.n_events,
        n_competing=endpoint.n_competing,
        data_sha256=fingerprint_patients(cohort),
        code_version=version_of("calcirisk"),
        any_death=estimator.model_.endpoint_.any_death,
    )
    standing = draw_by_weight(endpoint.weight, len(features))
    explainer = Explainer.fit(predictor, features.iloc[standing], about.horizons)
    interval = fit_uncertainty(estimator.model_)
    return write_model_folder(
        Path(folder),
        predictor,
        explainer,
        cohort.covariates,
        features,
        about,
        interval,
        weight=endpoint.weight,
    )
