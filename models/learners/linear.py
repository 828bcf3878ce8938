"""The linear part of a margin, and what it makes of gaps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.contraction import contract
from models.learners.completion import Completed, Completion, Gaps
from models.learners.shapes.bends import Bends
from models.learners.shapes.linear_design import LinearDesign
from models.learners.shapes.products import REACH, Products

_MATERIAL = 0.01  # log hazard per standard deviation
_ROUNDING = 1e-9
_MOST_KEPT = 8_192  # patterns; a reading takes some 5 kB for each


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
    ``margin``: (d,) what each adds beside its slopes. ``factors``: (c, d, u) by which the factors
    of products are read from known features, each from itself alone where it is known.
    """

    gaps: Gaps
    slopes: FloatArray
    moved: FloatArray
    open_terms: FloatArray
    margin: FloatArray
    factors: FloatArray


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
    _read: dict[bytes, GapReading] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each term belongs to."""
        return self.design.term_features

    def terms(self, seen: Completed) -> FloatArray:
        """Contributions (n, m) to the margin; they sum to it.

        What is expected of a gap is credited to the known features that let one expect it; to the
        gap itself what it leaves open, its indicator, how the hazard bends there, and its products.
        """
        reading, straight = self.read(seen.gaps), seen.standard.shape[1]
        terms, products = self.design.terms(seen), self.design.products
        after = straight + len(self.design.bends.columns)
        multiplied = products.terms(self.read_factors(seen, reading))
        terms[:, after : after + multiplied.shape[1]] = multiplied
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
        reading = self.read(seen.gaps)
        products = self.design.products.terms(self.read_factors(seen, reading))
        margin += contract("ij,j->i", products, own.products)
        margin += reading.margin[seen.gaps.pattern]
        margin += contract("ij,ij->i", recorded, reading.moved[seen.gaps.pattern])
        return np.asarray(margin)

    def read(self, gaps: Gaps) -> GapReading:
        """What each pattern of gaps means for the margin.

        Kept until others are asked for: margins, intervals and reasons of a batch ask for the same.
        """
        key = gaps.patterns.tobytes()
        kept = self._read.get(key)
        if kept is None:
            kept = self._read_anew(gaps)
            self._read.clear()
            if len(gaps.patterns) <= _MOST_KEPT:
                self._read[key] = kept
        return kept

    def _read_anew(self, gaps: Gaps) -> GapReading:
        """What each pattern of gaps means for the margin, no direction turned round by it.

        Features that would count against their direction by more than `_MATERIAL` are silenced, in
        rounds. To drop what a feature credits against its direction, and keep what others like it
        credit in it, would count the others twice: of current smokers without a calcium score the
        risk was 1.4 times too high. What is smaller is dropped.
        """
        completion, straight = self.design.completion, self.split_coefficients().straight
        completed, known = completion.credit_slopes(gaps, straight), gaps.known
        slopes, heard = completed.copy(), replace(gaps, covariance=gaps.covariance.copy())
        silent, rows = np.zeros_like(known), np.arange(len(known))
        factors = self._expect_factors(gaps, silent)
        while True:
            credited = (slopes[rows] - straight) * self.directions
            turned = self._turn_most(factors[:, rows], known[rows])
            against = (credited - turned < -_MATERIAL) & known[rows]
            silent[rows] |= against
            still = against.any(axis=1)
            rows, against = rows[still], against[still]
            if not len(rows):
                break
            now = completion.silence(heard.select(rows), against)
            heard.covariance[rows] = now.covariance
            slopes[rows] = np.where(silent[rows], straight, completion.credit_slopes(now, straight))
            factors[:, rows] = self._expect_factors(now, silent[rows])
        credited = (slopes - straight) * self.directions
        turned = self._turn_most(factors, known)
        against = (credited < np.maximum(turned - _ROUNDING, 0.0)) & known
        slopes = np.where(against, straight, slopes)
        expected = ~known[:, self.design.products.factors].T
        factors = np.where(expected[:, :, None] & against, 0.0, factors)
        open_terms = completion.gap_terms(heard, self.slopes)
        indicated = self.split_coefficients().indicated
        indicators = contract("di,i->d", self.design.indicators(gaps), indicated)
        margin = indicators + self.absent_terms.sum() + open_terms.sum(axis=1)
        return GapReading(heard, slopes, slopes - completed, open_terms, margin, factors)

    def read_factors(self, seen: Completed, reading: GapReading) -> FloatArray:
        """The standardised factors of products (n, c), each as expected where it is missing."""
        columns, pattern = self.design.products.factors, seen.gaps.pattern
        recorded = seen.recorded
        factors = recorded[:, columns]
        for place, column in enumerate(columns.tolist()):
            rows = np.flatnonzero(~seen.gaps.known[pattern, column])
            weights = reading.factors[place, pattern[rows]]
            factors[rows, place] = contract("ij,ij->i", recorded[rows], weights)
        return factors

    def _expect_factors(self, gaps: Gaps, silent: BoolArray) -> FloatArray:
        """``factors`` of `GapReading`; ``silent`` (d, u): known features that tell nothing."""
        completion, columns = self.design.completion, self.design.products.factors
        factors = np.zeros((len(columns), *gaps.known.shape))
        for place, column in enumerate(columns.tolist()):
            known = gaps.known[:, column]
            factors[place, :, column] = known
            if not known.all():
                rows = np.flatnonzero(~known)
                expected = completion.expect(gaps.select(rows), column)
                factors[place, rows] = expected * ~silent[rows]
        return factors

    def _turn_most(self, factors: FloatArray, known: BoolArray) -> FloatArray:
        """By pattern and feature (d, u): the most that products of what is missing move a slope.

        The other factor of each is taken to be anywhere within its reach. 0 without a direction.
        """
        products, most = self.design.products, np.zeros(known.shape)
        sizes = REACH * np.abs(self.split_coefficients().products)
        for size, pair in zip(sizes, products.places, strict=True):
            for place in pair:
                rows = np.flatnonzero(~known[:, products.factors[place]])
                if len(rows) and size:
                    most[rows] += np.abs(factors[place, rows]) * (size * np.abs(self.directions))
        return most

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
