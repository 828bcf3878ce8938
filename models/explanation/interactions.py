"""What two variables together mark beyond what each marks alone, for one patient.

Contributions take the risk's slope along the path from a stratum to the patient; interactions take
its curvature there, and the trees' own interactions, by the same reasoning. In Owen's form
(Management Science 1972;18:P64-P79) a Shapley value is the mean, over the share t of features
that are the patient's, of what one feature adds; the interaction index (Grabisch and Roubens 1999)
is the mean of what two add beyond each. With the margins at t of the way in place of the mean over
coalitions, features i and j, whose parts of the difference in the margin of cause k are u_ik and
u_jk, share in a stratum

    1/2 sum over k, l of  u_ik B_kl u_jl  +  sum over k of  A_k T_ijk

with A the path average of the risk's gradient, B that of its second derivatives, T the trees'
interactions (exact). A product term of the linear part is its first feature's own: the effect of
calcium at the patient's age. What is left of a feature's contribution is its own: rows sum exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.errors import ModelError
from models.contraction import contract
from models.explanation.decision_blocks import Block, cut_booster
from models.explanation.explainer import Explainer
from models.explanation.explanation import sum_by_variable
from models.explanation.path_average import average_gradients
from models.explanation.shapley_weights import pair_weights
from models.explanation.tree_attribution import TreeAttribution, match_leaf
from models.learners.completion import Completed
from models.risk.absolute_risk import Link

if TYPE_CHECKING:
    from features.derivation.catalogue import Feature


_N_NODES = 16
_DIFFERENCE = 1e-4  # of a margin, for second derivatives


@dataclass(frozen=True)
class Interactions:
    """One patient's contributions taken apart: alone on the diagonal, pairs beside it.

    ``values``: (p, p) symmetric, as fractions of risk; row i sums to the contribution of feature
    i. Each pair stands in it twice, with half of what the two share.
    """

    values: FloatArray
    feature_names: tuple[str, ...]
    horizon: float

    def by_variable(self, catalogue: Sequence[Feature]) -> pd.DataFrame:
        """The same (variables, variables), in percentage points."""
        names = list(self.feature_names)
        rows = sum_by_variable(pd.DataFrame(100 * self.values, names, names), catalogue)
        return sum_by_variable(rows.T, catalogue)


def explain_interactions(
    explainer: Explainer, patient: pd.DataFrame, horizon: float
) -> Interactions:
    """Interactions of one patient's features (a frame of one row) by ``horizon`` (years).

    Raises ModelError for other than one patient, HorizonError outside the follow-up.
    """
    if len(patient) != 1:
        raise ModelError(f"Interactions are worked out for one patient; {len(patient)} were given")
    predictor = explainer.predictor
    contributions = explainer.explain(patient, horizon).values[0]
    X = patient[list(predictor.feature_names)]
    known = predictor.see(X)
    margins = predictor.margin_of(known)
    slopes = average_gradients(predictor.link, margins, explainer.centres, horizon)[0]
    bends = _average_curvature(predictor.link, margins[0], explainer.centres, horizon)
    parts = _parts_by_stratum(explainer, known)
    if predictor.clock is not None:
        side = len(predictor.causes)
        # the margin that would be worth as much as the hazards of the patient's age are
        years = (margins[0, side] - explainer.centres[:, side]) * slopes[:, side]
        parts[:, predictor.feature_names.index(predictor.clock)] += years / slopes[:, 0]
    pairs = contract("s,s,si,sj->ij", explainer.shares, bends[:, 0, 0], parts, parts) / 2
    event, trees = predictor.causes[0], explainer.causes[0].trees
    if event.boosted is not None and trees is not None:
        raw = bytes(event.boosted.booster.save_raw("json"))
        blocks = cut_booster(raw, predictor.feature_names)
        worth = event.boosted_weight * slopes[:, 0] * explainer.shares
        pairs += tree_interactions(trees, blocks, known.values, worth)
    np.fill_diagonal(pairs, 0.0)
    np.fill_diagonal(pairs, contributions - pairs.sum(axis=1))
    return Interactions(pairs, predictor.feature_names, horizon)


def find_partners(
    explainer: Explainer, patients: pd.DataFrame, horizon: float, catalogue: Sequence[Feature]
) -> dict[str, str]:
    """The variable that each variable shares most with, by mean size over these patients."""
    sizes = pd.DataFrame()
    for row in range(len(patients)):
        found = explain_interactions(explainer, patients.iloc[[row]], horizon)
        pairs = found.by_variable(catalogue).abs()
        sizes = pairs if sizes.empty else sizes + pairs
    if len(sizes) < 2:
        return {}
    alone = np.eye(len(sizes), dtype=bool)
    return {str(name): str(other) for name, other in sizes.mask(alone, -1.0).idxmax().items()}


def tree_interactions(
    trees: TreeAttribution,
    blocks: Sequence[Block],
    patient: npt.NDArray[np.float32],
    weights: FloatArray,
) -> FloatArray:
    """Interactions (p, p) in the margin of one patient (1, p), over strata by ``weights`` (s,).

    ``blocks`` are those of the booster; the diagonal is 0. Exact, as `shapley_weights`.
    """
    pairs = np.zeros((patient.shape[1], patient.shape[1]))
    decided = trees.tables.rows_of(patient)[0] - trees.tables.first_row
    for block, first, decision in zip(blocks, trees.tables.first_row, decided, strict=True):
        counts = trees.counts[first : first + 2 ** len(block.features)]
        shares = (counts / counts.sum(axis=0)) @ weights
        features = np.array(block.distinct_features, np.intp)
        for leaf in block.leaves:
            slots, pattern = match_leaf(block, leaf)
            met = np.bincount(pattern, shares, minlength=2 ** len(slots))
            found = leaf.value * (pair_weights(len(slots), int(pattern[decision])) @ met)
            pairs[np.ix_(features[slots], features[slots])] += found
    return pairs


def _parts_by_stratum(explainer: Explainer, patient: Completed) -> FloatArray:
    """What each feature of the patient adds to the event's margin (s, p) against each stratum."""
    cause, background = explainer.predictor.causes[0], explainer.causes[0]
    n_strata = len(explainer.shares)
    parts = np.zeros((n_strata, patient.values.shape[1]))
    moved = cause.terms(patient) - background.mean_terms
    np.add.at(parts.T, np.array(cause.term_features, np.intp), moved.T)
    if background.trees is not None:
        seen = np.repeat(patient.values, n_strata, axis=0)
        parts += cause.boosted_weight * background.trees.attribute(seen, np.eye(n_strata))
    return parts


def _average_curvature(
    link: Link, margins: FloatArray, centres: FloatArray, horizon: float
) -> FloatArray:
    """Path averages (s, k, k) of the risk's second derivatives, from strata to one patient.

    In the margins: behind them there may be ages, which the path leads through.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_N_NODES)
    fractions, shares = (nodes + 1) / 2, weights / 2
    points = centres + fractions[:, None, None] * (margins - centres)
    flat, k = points.reshape(-1, len(margins)), link.n_causes
    columns = []
    for cause in range(k):
        shift = _DIFFERENCE * np.eye(len(margins))[cause]
        rise = link.risk_gradient(flat + shift, horizon) - link.risk_gradient(flat - shift, horizon)
        columns.append(rise / (2 * _DIFFERENCE))
    second = np.stack(columns, axis=-1).reshape(*points.shape[:2], k, k)
    bends = np.tensordot(shares, second, axes=1)
    symmetric: FloatArray = (bends + bends.transpose(0, 2, 1)) / 2
    return symmetric
