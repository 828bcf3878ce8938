"""Cohorts of which the dictionary knows variables, as features that every method gets alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from benchmarks.alternatives.cohort import encode, right_censored
from benchmarks.alternatives.cohorts import FILES, LEFT_OUT
from benchmarks.alternatives.simulated import endpoint_of, known_of
from features.cohort_map.cohort_map import CohortMap
from features.derivation.catalogue import derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.intake.files.cohort_file import locate_source
from features.intake.ingestion import Limits, ingest
from features.intake.whole_table import read_table
from features.simulation import simulate_cohort
from features.splits import require_endpoint

NOISE, RARE = 30, 10
_SIMULATED = 6_800
_SEED = 5
_INFARCTION = {"prior_cad": 1.0}  # an infarction is why these patients were registered
# The index of wall motion in TRACE times 30 is about the ejection fraction in percent
# (Kober L et al. N Engl J Med 1995;333:1670-1676).
_PERCENT_PER_WALL_MOTION = 30.0


@dataclass(frozen=True)
class KnownCohort:
    """Features (n, p), NaN where unknown, and endpoint.

    ``alike``: features that are the same of all patients, for methods that know what they mean.
    """

    name: str
    features: pd.DataFrame
    endpoint: Endpoint
    alike: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the features."""
        hashed = pd.util.hash_pandas_object(self.features).to_numpy()
        told = f"{list(self.features)}{sorted(self.alike.items())}".encode()
        return hashlib.sha256(hashed.tobytes() + told).hexdigest()[:16]

    def with_noise(self) -> KnownCohort:
        """And forty columns that say nothing: thirty normal ones, ten rare yes or no."""
        draws, n = np.random.default_rng(_SEED), len(self.features)
        columns = {f"noise_{k}": draws.normal(size=n) for k in range(NOISE)}
        for k in range(RARE):
            columns[f"rare_{k}"] = (draws.random(n) < 0.02 + 0.008 * k).astype(np.float64)
        noise = pd.DataFrame(columns, index=self.features.index)
        return replace(self, features=pd.concat([self.features, noise], axis=1))


def _mapped(name: str) -> Callable[[], KnownCohort]:
    def load() -> KnownCohort:
        cohort_map = CohortMap.load(name)
        raw = read_table(locate_source(cohort_map.file, (FILES,)), cohort_map.dialect)
        read = ingest(raw, cohort_map, Dictionary.load(), Limits(0.1, date.today()))
        return _derive(name, read.cohort.covariates, require_endpoint(read.cohort))

    return load


def _simulated() -> KnownCohort:
    cohort = simulate_cohort(_SIMULATED, seed=_SEED)
    return _derive("simulated", known_of(cohort), endpoint_of(cohort))


def _survset(
    name: str,
    key: str,
    variables: Mapping[str, str],
    codes: Mapping[str, Mapping[object, object]],
    factors: Mapping[str, float] | None = None,
    alike: Mapping[str, float] | None = None,
    any_death: bool = False,
) -> Callable[[], KnownCohort]:
    """``variables``: column -> variable of the dictionary; ``codes``: of those with codes.

    ``factors``: by which others are multiplied for the unit of the dictionary; ``alike``: variables
    that are the same of all patients; ``any_death``: whether the event is death from any cause.
    """

    def load() -> KnownCohort:
        from SurvSet.data import SurvLoader

        table = SurvLoader().load_dataset(ds_name=key)["df"]
        known = {
            variable: table[column].map(codes[column])
            if column in codes
            else table[column].astype(np.float64) * (factors or {}).get(column, 1.0)
            for column, variable in variables.items()
        }
        unknown = table.drop(
            columns=["pid", "event", "time", *variables, *LEFT_OUT.get(key, ())], errors="ignore"
        )
        endpoint = right_censored(table["time"], table["event"])
        endpoint = replace(endpoint, any_death=any_death)
        cohort = _derive(name, pd.DataFrame(known), endpoint, encode(unknown))
        return replace(cohort, alike=alike or {})

    return load


def _derive(
    name: str, covariates: pd.DataFrame, endpoint: Endpoint, more: pd.DataFrame | None = None
) -> KnownCohort:
    features = learnable(derive_features(covariates)).reset_index(drop=True)
    varying = [column for column in features.columns if features[column].nunique() > 1]
    parts = [features[varying]] if more is None else [features[varying], more]
    return KnownCohort(name, pd.concat(parts, axis=1), endpoint)


COHORTS: dict[str, Callable[[], KnownCohort]] = {
    "framingham exam 1": _mapped("framingham"),
    "framingham exam 3": _mapped("framingham_exam3"),
    "smart": _mapped("smart"),
    "whas500": _survset(
        "whas500",
        "whas500",
        {
            "num_age": "age",
            "fac_gender": "sex",
            "num_hr": "heart_rate",
            "num_sysbp": "systolic_bp",
            "num_diasbp": "diastolic_bp",
            "num_bmi": "bmi",
            "fac_chf": "heart_failure",
            "fac_afb": "atrial_fibrillation",
        },
        {"fac_gender": {0: "male", 1: "female"}},
        alike=_INFARCTION,
        any_death=True,
    ),
    "trace": _survset(
        "trace",
        "TRACE",
        {
            "num_age": "age",
            "fac_sex": "sex",
            "fac_diabetes": "diabetes",
            "fac_chf": "heart_failure",
            "num_wmi": "ejection_fraction",
        },
        {"fac_sex": {0: "female", 1: "male"}},
        factors={"num_wmi": _PERCENT_PER_WALL_MOTION},
        alike=_INFARCTION,
        any_death=True,
    ),
    "framingham chd": _survset(
        "framingham chd",
        "Framingham",
        {
            "num_age": "age",
            "fac_sex": "sex",
            "num_sbp": "systolic_bp",
            "num_dbp": "diastolic_bp",
            "num_scl": "total_cholesterol",
            "num_bmi": "bmi",
        },
        {"fac_sex": {1: "male", 2: "female"}},
    ),
    "flchain": _survset(
        "flchain",
        "flchain",
        {"num_age": "age", "fac_sex": "sex", "num_creatinine": "creatinine"},
        {"fac_sex": {"F": "female", "M": "male"}},
        any_death=True,
    ),
    "simulated": _simulated,
}
