"""Validation designs: the ways to hold patients out, all with one face.

Random folds answer "does it hold for more patients like these?"; whole sites and later patients
answer the harder "does it hold elsewhere?" and "does it hold tomorrow?" (Steyerberg and Harrell
2016, J Clin Epidemiol 69:245).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from features.cohort import Cohort
from features.errors import CohortError, ConfigError, Problem
from features.splits import (
    Positions,
    check_parts,
    cross_validation_folds,
    patient_hashes,
    require_endpoint,
    split_held_out,
)


class Design(Protocol):
    """Yields pairs (fit, validate) of positions in the cohort; a patient is in one of the two."""

    def splits(self, cohort: Cohort) -> Iterator[tuple[Positions, Positions]]:
        """One or more pairs; raises CohortError where the cohort lacks what the design needs."""


@dataclass(frozen=True)
class RandomSplit:
    """One split, stratified by event code."""

    share: float
    seed: int

    def splits(self, cohort: Cohort) -> Iterator[tuple[Positions, Positions]]:
        """One pair."""
        yield split_held_out(cohort, self.share, self.seed)


@dataclass(frozen=True)
class CrossValidation:
    """Random folds, stratified by event code."""

    n_folds: int
    seed: int
    n_repeats: int = 1

    def splits(self, cohort: Cohort) -> Iterator[tuple[Positions, Positions]]:
        """``n_folds * n_repeats`` pairs."""
        return cross_validation_folds(
            require_endpoint(cohort),
            self.n_folds,
            self.seed,
            self.n_repeats,
            cohort.covariates.index,
        )


@dataclass(frozen=True)
class LastEntered:
    """One split in time: the ``share`` of patients that entered last is held out.

    Patients who entered at the same moment as the first held-out one are held out with it.
    """

    share: float

    def splits(self, cohort: Cohort) -> Iterator[tuple[Positions, Positions]]:
        """One pair."""
        if not 0 < self.share < 1:
            raise ConfigError(f"the share must lie between 0 and 1, got {self.share}")
        endpoint = require_endpoint(cohort)
        entry = _require(cohort, cohort.entry, "entry")
        cut = entry.sort_values().iloc[len(entry) - max(1, round(self.share * len(entry)))]
        later = (entry >= cut).to_numpy()
        development, held_out = np.flatnonzero(~later), np.flatnonzero(later)
        check_parts(endpoint, development, held_out)
        yield development, held_out


@dataclass(frozen=True)
class HeldOutSites:
    """One split in space: whole sites are held out, about ``share`` of the patients."""

    share: float
    seed: int

    def splits(self, cohort: Cohort) -> Iterator[tuple[Positions, Positions]]:
        """One pair. By the hash of their names, sites are taken that bring it nearer to the share.

        The smallest one where none does.
        """
        endpoint = require_endpoint(cohort)
        sizes = _require(cohort, cohort.site, "site").value_counts()
        if len(sizes) < 2:
            raise _lacking(cohort, "site", "names fewer than two sites")
        order = sizes.index[np.argsort(patient_hashes(sizes.index, self.seed))]
        lacking, chosen = self.share * len(cohort), list[object]()
        for site, size in sizes[order].items():
            if abs(lacking - size) < lacking and len(chosen) < len(sizes) - 1:
                chosen.append(site)
                lacking -= size
        inside = cohort.site.isin(chosen or [sizes.idxmin()]).to_numpy()  # type: ignore[union-attr]
        development, held_out = np.flatnonzero(~inside), np.flatnonzero(inside)
        check_parts(endpoint, development, held_out)
        yield development, held_out


@dataclass(frozen=True)
class LeaveOneSiteOut:
    """Internal-external validation: each site in turn is held out, by the order of its name."""

    def splits(self, cohort: Cohort) -> Iterator[tuple[Positions, Positions]]:
        """As many pairs as sites."""
        site = _require(cohort, cohort.site, "site")
        names = sorted(site.unique(), key=str)
        if len(names) < 2:
            raise _lacking(cohort, "site", "names fewer than two sites")
        for name in names:
            inside = (site == name).to_numpy()
            yield np.flatnonzero(~inside), np.flatnonzero(inside)


def _require(cohort: Cohort, column: pd.Series | None, name: str) -> pd.Series:
    if column is None:
        raise _lacking(cohort, name, "is not recorded")
    missing = int(column.isna().sum())
    if missing:
        raise CohortError(
            [Problem(name, "is missing", "Complete it or use a random design", missing)],
            cohort.name,
        )
    return column


def _lacking(cohort: Cohort, name: str, rule: str) -> CohortError:
    remedy = "Name its column in the cohort map or use a random design"
    return CohortError([Problem(name, rule, remedy)], cohort.name)
