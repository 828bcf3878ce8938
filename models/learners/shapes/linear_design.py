"""The terms of a linear margin: standardised features, bends, products, missing indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.learners.completion import Completed, Completion, Gaps
from models.learners.shapes.bends import Bends
from models.learners.shapes.products import REACH, Products

SMALLEST_COUNT = 10


@dataclass(frozen=True)
class Limits:
    """Sums of coefficients (c, m) that may not be negative, and the term (c,) to drop if one is."""

    rows: FloatArray
    culprits: npt.NDArray[np.intp]


@dataclass(frozen=True)
class LinearDesign:
    """How m linear terms are made of completed features; learnt on the patients fitted on.

    The first u terms are the standardised features that ``completion`` models, the next those by
    which the hazard bends along them, then products by which the effect of one depends on another.
    The others are missing indicators, 0 or 1 less the ``share`` with it, one for each distinct
    pattern of missingness, named by its first feature in ``indicated``. They are not standardised:
    the rarer a gap, the less its few patients may say of the next one's risk (docs/decisions/0014).
    A gap bends nothing: its term stands where that of the mean does. ``absent``: (i,) where a file
    has no such column, so that a gap says nothing.
    """

    completion: Completion
    bends: Bends
    products: Products
    indicated: npt.NDArray[np.intp]
    share: FloatArray
    absent: BoolArray

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each term belongs to."""
        used = self.completion.used
        shaped = used[self.bends.columns], used[self.products.first]
        owners = np.concatenate([used, *shaped, self.indicated])
        return tuple(int(owner) for owner in owners)

    def limits(self, directions: npt.NDArray[np.int8]) -> Limits:
        """What the features' monotone directions (p,) ask of the coefficients (m,).

        The slope along a feature with a direction may nowhere point against it: where it does
        because of a product or a bend, that is to go, else the feature's straight term.
        """
        n_straight, n_bent = len(self.completion.used), len(self.bends.columns)
        of_straight = directions[self.completion.used].astype(np.float64)
        of_bent = of_straight[self.bends.columns]
        rows = np.zeros((n_straight + 2 * n_bent, len(self.term_features)))
        rows[np.arange(n_straight), np.arange(n_straight)] = of_straight
        for half, slopes in enumerate(self.bends.end_slopes):
            row = n_straight + half * n_bent + np.arange(n_bent)
            rows[row, self.bends.columns] = of_bent
            rows[row, n_straight + np.arange(n_bent)] = of_bent * slopes
        bent = n_straight + np.arange(n_bent)
        culprits = np.concatenate([np.arange(n_straight), bent, bent])
        return self._limit_products(Limits(rows, culprits), of_straight)

    def _limit_products(self, limits: Limits, directions: FloatArray) -> Limits:
        """The limits, and that no product turns a slope round that they hold, either way it goes.

        Either end of the other factor's reach is a row: in between the slope is in between. The
        rows of one product more stand beside those without it, so that one may go, another stay.
        """
        rows, culprits = [limits.rows], [limits.culprits]
        first_product = len(self.completion.used) + len(self.bends.columns)
        for column in np.flatnonzero(directions).tolist():
            ends = limits.rows[limits.rows[:, column] != 0]
            for product in self.products.along(column):
                moved = np.zeros((2, 1, ends.shape[1]))
                moved[:, 0, first_product + product] = -REACH, REACH
                ends = (ends + moved).reshape(-1, ends.shape[1])
                rows.append(ends)
                culprits.append(np.full(len(ends), first_product + product))
        return Limits(np.concatenate(rows), np.concatenate(culprits))

    def terms(self, seen: Completed) -> FloatArray:
        """Standardised terms (n, m) of completed features."""
        indicators = self.indicators(seen.gaps)[seen.gaps.pattern]
        factors = seen.standard[:, self.products.factors]
        shaped = self.bends.terms(seen.recorded), self.products.terms(factors)
        return np.concatenate([seen.standard, *shaped, indicators], axis=1)

    def recorded_terms(self, seen: Completed) -> FloatArray:
        """Terms (n, m) of what is recorded alone: 0 where a feature is missing."""
        terms = self.terms(seen)
        terms[:, : len(self.completion.used)] = seen.recorded
        return terms

    def indicators(self, gaps: Gaps) -> FloatArray:
        """The missing indicators of each pattern of gaps (d, i)."""
        return np.asarray((gaps.patterns[:, self.indicated] - self.share) * ~self.absent)

    def without(self, features: npt.NDArray[np.intp]) -> LinearDesign:
        """The design for a file that lacks what these features are made of."""
        return replace(self, absent=self.absent | np.isin(self.indicated, features))

    @classmethod
    def learn(
        cls, completion: Completion, seen: Completed, pairs: Sequence[tuple[int, int]] = ()
    ) -> LinearDesign:
        """Learn bends, products and indicators from the patients fitted on.

        ``pairs``: positions of features, the effect of the first of which depends on the second.
        """
        missing = seen.missing
        bends = Bends.learn(seen.standard, missing[:, completion.used])
        place = {int(feature): column for column, feature in enumerate(completion.used)}
        modelled = [(place[a], place[b]) for a, b in pairs if a in place and b in place]
        products = Products.learn(seen.standard, missing[:, completion.used], modelled)
        indicated = distinct_patterns(missing)
        share, present = missing[:, indicated].mean(axis=0), np.zeros(len(indicated), bool)
        return cls(completion, bends, products, indicated, share, present)


def distinct_patterns(missing: BoolArray) -> npt.NDArray[np.intp]:
    """First feature of each pattern of missingness that occurs often enough, in feature order."""
    seen: set[bytes] = set()
    chosen: list[int] = []
    for position in range(missing.shape[1]):
        count = int(missing[:, position].sum())
        pattern = np.packbits(missing[:, position]).tobytes()
        if SMALLEST_COUNT <= count <= len(missing) - SMALLEST_COUNT and pattern not in seen:
            seen.add(pattern)
            chosen.append(position)
    return np.array(chosen, np.intp)
