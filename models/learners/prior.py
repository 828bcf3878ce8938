"""What is believed of linear terms before the data speak, and how far that may be trusted.

A penalty is a normal prior. Here it has the published log hazard ratio of each feature as its mean
and a width in the feature's own unit (`features.dictionary.prior`), so that a rare yes or no is
shrunk as hard as a common one. Cross-validation decides how far means and widths are trusted, "not
at all", a plain ridge, included (docs/decisions/0048).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.dictionary.prior import Belief, Priors
from models.contraction import contract
from models.learners.shapes.linear_design import LinearDesign

# Widths where nothing is published: of a yes or no (a hazard ratio between .55 and 1.8 in 95 of
# 100 such effects), of a standard deviation of a continuous feature, of a bend, of a gap. Beside
# published effects what nobody has published is smaller.
YES_NO, PER_DEVIATION, BEND, GAP = 0.2, 0.1, 0.05, 0.1
PER_DEVIATION_BESIDE = 0.05
KNOWS_CALCIUM = "log_cac"
_CLOSED = 1e-4  # a term that no data may move
_FREEDOM = 2.0  # degrees of it, of Student's distribution of sparse effects


@dataclass(frozen=True)
class Trust:
    """How a prior is used: its means times ``mean``, its widths times ``width``.

    Widths of published effects are never taken narrower than they were published. Where ``penalty``
    is given the prior is not used: a ridge of this strength per event stands in its place. What has
    no established effect is held near 0 all the same. ``first_events``: what is published of first
    events stands in place of what is of recurrent ones. ``sparse``: of what nobody has published,
    most is taken to have next to no effect and a little a strong one.
    """

    mean: float = 0.0
    width: float = 1.0
    penalty: float | None = None
    first_events: bool = False
    sparse: bool = False

    def of(self, priors: Priors) -> Priors:
        """What is published, as far as it is believed."""
        return priors.among(0.0, priors.any_death) if self.first_events else priors


@dataclass(frozen=True)
class Gaussian:
    """A normal prior of coefficients: mean (m,) and precision (m, m)."""

    mean: FloatArray
    precision: FloatArray = field(repr=False)

    @classmethod
    def ridge(cls, n_terms: int, strength: float) -> Gaussian:
        """Centred at 0, alike for all terms."""
        return cls(np.zeros(n_terms), strength * np.eye(n_terms))

    def log_density(self, beta: FloatArray) -> float:
        """Of coefficients (m,), but for a constant."""
        off = beta - self.mean
        return -0.5 * float(off @ self.precision @ off)


@dataclass(frozen=True)
class TermPrior:
    """Beliefs about the m terms of a design, each per unit of the term.

    ``fixed``: (m,) where no trust changes the width. ``published``: (m,) of which something is: no
    trust makes them narrower than they were published, nor sums. ``sums``: (s, m) sums of
    coefficients of which ``sum_mean`` and ``sum_width`` (s,) are known, better than of their parts.
    ``of_first_events``: the same by what is published of these alone, None where that is no other.
    """

    mean: FloatArray
    width: FloatArray
    fixed: BoolArray
    published: BoolArray
    sums: FloatArray
    sum_mean: FloatArray
    sum_width: FloatArray
    of_first_events: TermPrior | None = None

    def gaussian(
        self, trust: Trust, n_events: float, widen: float = 1.0, near: FloatArray | None = None
    ) -> Gaussian:
        """The prior under this trust, its widths times ``widen``.

        A sparse one has Student's distribution, a normal one of unknown width, for what nobody has
        published: here with the width that is expected where coefficients are ``near`` (m,) these
        (Gelman A et al. (2008), Annals of Applied Statistics 2:1360-1383).

        Sums share no parts. Each is known exactly as well as it was published, whatever is believed
        of its parts: given the sum, they are as they would be without it (Jeffrey RC (1965), The
        Logic of Decision, chapter 11).
        """
        if trust.first_events and self.of_first_events is not None:
            return self.of_first_events.gaussian(trust, n_events, widen, near)
        if trust.penalty is not None:
            least = trust.penalty * max(n_events, 1)
            precision = np.where(self.fixed, np.maximum(self.width**-2.0, least), least)
            return Gaussian(np.zeros(len(precision)), np.diag(precision))
        known = max(1.0, trust.width)
        factor = widen * np.where(self.published, known, trust.width)
        variance = (self.width * np.where(self.fixed, 1.0, factor)) ** 2
        if trust.sparse and near is not None:
            own = ~(self.published | self.fixed)
            expected = (_FREEDOM * variance + near**2) / (_FREEDOM + 1.0)
            variance = np.where(own, expected, variance)
        of_parts = contract("sm,m->s", self.sums**2, variance)
        of_sums = (widen * known * self.sum_width) ** 2
        precision = np.diag(1.0 / variance)
        precision += (self.sums.T * (1.0 / of_sums - 1.0 / of_parts)) @ self.sums
        lacking = (self.sum_mean - self.sums @ self.mean) / of_parts
        mean = self.mean + variance * (self.sums.T @ lacking)
        return Gaussian(trust.mean * mean, precision)


def term_prior(
    design: LinearDesign, feature_names: Sequence[str], priors: Priors, cause: str
) -> TermPrior:
    """What is believed of a design's terms for a cause, see `Prior.of`."""
    completion, bends = design.completion, design.bends
    names = [feature_names[position] for position in completion.used]
    knows_calcium = KNOWS_CALCIUM in names
    binary = ~np.isfinite(completion.bound)
    beliefs = [
        _believe(priors, name, cause, knows_calcium, scale, yes_no)
        for name, scale, yes_no in zip(names, completion.scale, binary, strict=True)
    ]
    closed = np.array([priors.is_fixed(name, cause) for name in names], bool)
    indicated = [priors.is_fixed(feature_names[place], cause) for place in design.indicated]
    bent, gaps = closed[bends.columns], np.array(indicated, bool)
    changes = _believe_products(design, feature_names, priors, cause, knows_calcium)
    told = np.array([change is not None for change in changes], bool)
    product_mean, product_width = (
        np.array([change or Belief(0.0, _CLOSED) for change in changes]).reshape(-1, 2).T
    )
    mean = np.concatenate(
        [[b.mean for b in beliefs], np.zeros(len(bent)), product_mean, np.zeros(len(gaps))]
    )
    width = np.concatenate(
        [
            [belief.width for belief in beliefs],
            np.where(bent, _CLOSED, BEND),
            product_width,
            np.where(gaps, _CLOSED, GAP),
        ]
    )
    sums, sum_mean, sum_width = _sum_up(priors, names, completion.scale, cause, knows_calcium)
    padded = np.zeros((len(sums), len(mean)))
    padded[:, : len(names)] = sums
    fixed = np.concatenate([closed, bent, ~told, gaps])
    nothing = np.zeros(len(bent), bool), np.zeros(len(gaps), bool)
    # a source that finds no effect on recurrent events is no lack of one
    sourced = [priors.is_of_recurrence(name, cause) for name in names]
    of_features = (mean[: len(names)] != 0.0) | np.array(sourced, bool)
    published = np.concatenate([of_features, nothing[0], told, nothing[1]])
    believed = TermPrior(mean, width, fixed, published, padded, sum_mean, sum_width)
    if cause != "event" or not priors.known_disease:
        return believed
    of_first = Trust(first_events=True).of(priors)
    return replace(believed, of_first_events=term_prior(design, feature_names, of_first, cause))


def _believe(
    priors: Priors, name: str, cause: str, knows_calcium: bool, scale: float, yes_no: bool
) -> Belief:
    """Per standard deviation ``scale`` of the feature."""
    known = priors.of(name, cause, knows_calcium)
    if known is not None:
        return Belief(known.mean * scale, known.width * scale)
    if yes_no:
        return Belief(0.0, YES_NO * scale)
    return Belief(0.0, PER_DEVIATION_BESIDE if priors.by_feature else PER_DEVIATION)


def _believe_products(
    design: LinearDesign,
    feature_names: Sequence[str],
    priors: Priors,
    cause: str,
    knows_calcium: bool,
) -> list[Belief | None]:
    """Per unit of each product of a design; None where nothing is told of the cause."""
    used, scale, products = design.completion.used, design.completion.scale, design.products
    found = []
    for first, second in zip(products.first, products.second, strict=True):
        pair = feature_names[used[first]], feature_names[used[second]]
        belief = priors.change_of(*pair, cause, knows_calcium)
        unit = scale[first] * scale[second]
        found.append(belief and Belief(belief.mean * unit, belief.width * unit))
    return found


def _sum_up(
    priors: Priors, names: Sequence[str], scale: FloatArray, cause: str, knows_calcium: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    rows, beliefs = [], []
    for group in priors.sums:
        belief = priors.of_sum(group, cause, knows_calcium)
        share = np.array([group.features.get(name, 0.0) for name in names])
        if belief is not None and np.count_nonzero(share) > 1:
            rows.append(share / scale)
            beliefs.append(belief)
    sums = np.array(rows) if rows else np.zeros((0, len(names)))
    means, widths = np.array(beliefs).reshape(-1, 2).T
    return sums, means, widths
