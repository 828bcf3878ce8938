"""The linear part of a margin: standardised features, completed, with missing indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.contraction import contract
from models.learners.completion import Completed, Completion, Gaps
from models.learners.shapes.bends import Bends
from models.learners.shapes.products import REACH, Products

SMALLEST_COUNT = 10
_MATERIAL = 0.01  # log hazard per standard deviation


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
    A gap neither bends nor multiplies: its term stands where that of the mean does. ``absent``:
    (i,) where a file has no such column, so that a gap says nothing.
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
        recorded = seen.recorded
        shaped = self.bends.terms(recorded), self.products.terms(recorded)
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


class Coefficients(NamedTuple):
    """Those of straight terms (u,), bends (b,), products (r,) and missing indicators (i,)."""

    straight: FloatArray
    bent: FloatArray
    products: FloatArray
    indicated: FloatArray


@dataclass(frozen=True)
class GapReading:
    """What a margin makes of each pattern of gaps, most of it by standardised feature (d, u).

    ``slopes``: of known features, with what is expected of gaps credited to them; ``moved``: by how
    much these differ from the slopes by which gaps were completed. ``open_terms``: what gaps leave
    open adds, as `Completion.gap_terms` says. ``gaps``: the patterns, silent features aside.
    ``margin``: (d,) what each adds beside its slopes.
    """

    gaps: Gaps
    slopes: FloatArray
    moved: FloatArray
    open_terms: FloatArray
    margin: FloatArray


@dataclass(frozen=True)
class LinearPart:
    """A fitted linear margin.

    ``coefficients``: (m,) of the design's terms. ``slopes``: (u,) of the standardised features in a
    first fit, by which gaps are weighed: what a patient's gaps leave open of the margin is added as
    `Completion.gap_terms` says, to the terms of the missing features. ``directions``: (u,) -1, 0 or
    1; a known feature by which the expected would count against its direction tells nothing of
    gaps, and the others tell what they do without it.
    """

    design: LinearDesign
    coefficients: FloatArray
    slopes: FloatArray
    directions: npt.NDArray[np.int8]

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each term belongs to."""
        return self.design.term_features

    def terms(self, seen: Completed) -> FloatArray:
        """Contributions (n, m) to the margin; they sum to it.

        What is expected of a gap is credited to the known features that let one expect it; to the
        gap itself what it leaves open, its indicator, and how the hazard bends there.
        """
        reading, straight = self.read(seen.gaps), seen.standard.shape[1]
        terms = self.design.terms(seen)
        terms *= self.coefficients
        terms[:, :straight] = seen.recorded * reading.slopes[seen.gaps.pattern]
        terms[:, :straight] += reading.open_terms[seen.gaps.pattern]
        terms[:, terms.shape[1] - len(self.design.indicated) :] += self.absent_terms
        return terms

    def margin(self, seen: Completed) -> FloatArray:
        """Log hazard (n,) relative to the average patient fitted on."""
        own, recorded = self.split_coefficients(), seen.recorded
        margin = contract("ij,j->i", seen.standard, own.straight)
        margin += contract("ij,j->i", self.design.bends.terms(recorded), own.bent)
        margin += contract("ij,j->i", self.design.products.terms(recorded), own.products)
        reading = self.read(seen.gaps)
        margin += reading.margin[seen.gaps.pattern]
        margin += contract("ij,ij->i", recorded, reading.moved[seen.gaps.pattern])
        return np.asarray(margin)

    def read(self, gaps: Gaps) -> GapReading:
        """What each pattern of gaps means for the margin, no direction turned round by it.

        Features that would count against their direction by more than `_MATERIAL` are silenced, in
        rounds. To drop what a feature credits against its direction, and keep what others like it
        credit in it, would count the others twice: of current smokers without a calcium score the
        risk was 1.4 times too high. What is smaller is dropped.
        """
        completion, straight = self.design.completion, self.split_coefficients().straight
        completed = completion.credit_slopes(gaps, straight)
        slopes, heard = completed.copy(), replace(gaps, covariance=gaps.covariance.copy())
        silent, rows = np.zeros_like(gaps.known), np.arange(len(gaps.patterns))
        while True:
            credited = (slopes[rows] - straight) * self.directions
            against = (credited < -_MATERIAL) & gaps.known[rows]
            silent[rows] |= against
            still = against.any(axis=1)
            rows, against = rows[still], against[still]
            if not len(rows):
                break
            now = completion.silence(heard.select(rows), against)
            heard.covariance[rows] = now.covariance
            slopes[rows] = np.where(silent[rows], straight, completion.credit_slopes(now, straight))
        slopes = np.where(
            ((slopes - straight) * self.directions < 0) & gaps.known, straight, slopes
        )
        open_terms = completion.gap_terms(heard, self.slopes)
        indicated = self.split_coefficients().indicated
        indicators = contract("di,i->d", self.design.indicators(gaps), indicated)
        margin = indicators + self.absent_terms.sum() + open_terms.sum(axis=1)
        return GapReading(heard, slopes, slopes - completed, open_terms, margin)

    @property
    def absent_terms(self) -> FloatArray:
        """What stands in place of the indicators (i,) of absent columns: their mean hazard.

        Of a file without the column nobody knows who would have had a gap: the share of the
        patients fitted on is taken.
        """
        slopes = self.split_coefficients().indicated
        share = self.design.share
        mean = share * np.exp(slopes * (1 - share)) + (1 - share) * np.exp(-slopes * share)
        return np.where(self.design.absent, np.log(mean), 0.0)

    def without(self, features: npt.NDArray[np.intp]) -> LinearPart:
        """The part for a file that lacks what these features are made of."""
        return replace(self, design=self.design.without(features))

    def split_coefficients(self) -> Coefficients:
        """The coefficients (m,) by the kind of their terms."""
        design = self.design
        kinds = design.completion.used, design.bends.columns, design.products.first
        return Coefficients(*np.split(self.coefficients, np.cumsum([len(kind) for kind in kinds])))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON; the completion, which parts share, left out."""
        return {
            "bends": self.design.bends.to_dict(),
            "products": self.design.products.to_dict(),
            "indicated": self.design.indicated.tolist(),
            "share": self.design.share.tolist(),
            "coefficients": self.coefficients.tolist(),
            "slopes": self.slopes.tolist(),
            "directions": self.directions.tolist(),
        }

    @classmethod
    def from_dict(cls, completion: Completion, stored: dict[str, Any]) -> LinearPart:
        """Read back what `to_dict` gave, for features completed so."""
        indicated, share = np.array(stored["indicated"], np.intp), np.array(stored["share"])
        shapes = Bends.from_dict(stored["bends"]), Products.from_dict(stored["products"])
        design = LinearDesign(completion, *shapes, indicated, share, np.zeros(len(share), bool))
        coefficients, slopes = np.array(stored["coefficients"]), np.array(stored["slopes"])
        return cls(design, coefficients, slopes, np.array(stored["directions"], np.int8))
