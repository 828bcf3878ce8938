"""A simulated cohort as the product sees it, with the truth of its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.alternatives.simulated import known_of
from benchmarks.true_reasons.things import true_terms
from features.array_types import FloatArray
from features.derivation.catalogue import derive_features, learnable
from features.endpoint import Endpoint
from features.simulation.cohort import draw_complete, simulate_cohort
from features.simulation.draws import Draws
from features.simulation.observation import draw_entry, observe
from features.simulation.outcomes import DEATH_SLOPE, death_margin, draw_event_times, true_risk

HORIZON = 10.0
N_SITES = 6
_NODES = 8
_STEP = 1e-4


@dataclass(frozen=True)
class World:
    """Patients of a world: what is recorded of them, what became of them, and what is true.

    ``terms``: (n, things) of the event's log hazard; ``death``: (n,) log hazard of another death,
    that of age included; ``risk``: (n,) true risk by ``HORIZON``.
    """

    covariates: pd.DataFrame
    features: pd.DataFrame
    endpoint: Endpoint
    terms: pd.DataFrame
    death: FloatArray
    risk: FloatArray


def draw_world(n_patients: int, seed: int, factors: Mapping[str, float] | None = None) -> World:
    """A cohort of the simulation; its effects times ``factors`` by thing, as they are where None.

    The mean hazard stays what it is. Covariates, lesions and gaps do not depend on the factors.
    """
    cohort = simulate_cohort(n_patients, seed, with_lesions=True)
    covariates = known_of(cohort)
    draws = Draws(seed, n_patients)
    patient, _ = draw_complete(draws)
    terms = true_terms(patient)
    margin = cohort.truth["event_margin"].to_numpy()
    if factors is not None:
        terms = terms * pd.Series(factors).reindex(terms.columns)
        moved = terms.sum(axis=1).to_numpy()
        margin = moved + np.log(np.exp(margin).mean() / np.exp(moved).mean())
    age = patient["age"].astype(np.float64)
    death = death_margin(patient)
    years = draw_event_times(draws, margin, death, age)
    _, entry = draw_entry(draws, N_SITES)
    observed = observe(draws, entry, *years)
    return World(
        covariates,
        learnable(derive_features(covariates)),
        Endpoint(observed["time"].to_numpy(), observed["event"].to_numpy()),
        terms + (margin - terms.sum(axis=1).to_numpy())[:, None] / terms.shape[1],
        death + DEATH_SLOPE * (age - 62),
        true_risk(margin, death, age, HORIZON),
    )


def true_contributions(world: World, background: World, n_strata: int = 8) -> pd.DataFrame:
    """What each thing adds to the true risk of each patient (n, things), as a fraction.

    By the method that models are explained with: strata of the background by true risk, and the
    mean steepness of the true risk on the way from each stratum to the patient.
    """
    order = np.argsort(background.risk, kind="stable")
    strata = np.array_split(order, n_strata)
    names = world.terms.columns
    own, margin = world.terms.to_numpy(), world.terms.sum(axis=1).to_numpy()
    total = np.zeros(own.shape)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    for rows in strata:
        mean = background.terms.to_numpy()[rows].mean(axis=0)
        death = background.death[rows].mean()
        worth = np.zeros(len(own))
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            event = mean.sum() + node * (margin - mean.sum())
            other = death + node * (world.death - death)
            worth += weight * _steepness(event, other)
        total += (own - mean) * (len(rows) / len(order) * worth)[:, None]
    return pd.DataFrame(total, index=world.features.index, columns=names)


def _steepness(event: FloatArray, other: FloatArray) -> FloatArray:
    """Derivative of the true risk in the event's margin; age counts through ``other`` alone."""
    usual = np.full(len(event), 62.0)
    up, down = (true_risk(event + step, other, usual, HORIZON) for step in (_STEP, -_STEP))
    return np.asarray((up - down) / (2 * _STEP))
