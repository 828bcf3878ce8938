"""Exact interventional TreeSHAP of a booster's margin against strata of background patients.

Of the background only counts are kept: how many patients of each stratum decide each block of
splits in each way. From them one table per block gives, for every way in which a patient can
decide it, the mean contribution of each feature against each stratum (see `shapley_weights`).
Explaining is then looking up and adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.errors import ModelError
from models.explanation.decision_blocks import Block, Leaf, cut_booster, fingerprint_blocks
from models.explanation.shapley_weights import shapley_weights

Features = npt.NDArray[np.float32]

_CHUNK_BYTES = 8_000_000


@dataclass(frozen=True)
class BlockTables:
    """All blocks as rectangular arrays, padded where a block is smaller than the largest.

    Block b asks ``split_feature[b, i] < split_threshold[b, i]``; the pattern of its answers, bit i
    for split i, selects row ``first_row[b] + pattern`` of ``values`` (rows, slots, strata), whose
    slot j belongs to feature ``slot_feature[b, j]``.
    """

    split_feature: npt.NDArray[np.int32]
    split_threshold: npt.NDArray[np.float32]
    split_default_left: npt.NDArray[np.bool_]
    first_row: npt.NDArray[np.int64]
    slot_feature: npt.NDArray[np.int32]
    values: FloatArray

    @property
    def row_bytes(self) -> int:
        """Bytes looked up for one patient."""
        return int(len(self.first_row) * self.values[:1].nbytes)

    def rows_of(self, features: Features) -> npt.NDArray[np.int64]:
        """Row of ``values`` (n, blocks) that each patient's decisions select."""
        asked = features[:, self.split_feature]
        goes_left = (asked < self.split_threshold) | (np.isnan(asked) & self.split_default_left)
        rows = np.broadcast_to(self.first_row, goes_left.shape[:2]).copy()
        for split in range(goes_left.shape[2]):
            rows += goes_left[:, :, split].astype(np.int64) << split
        return rows


def add_up(tables: BlockTables, features: Features, weights: FloatArray) -> FloatArray:
    """Contributions (n, p) summed over strata by each patient's weights (n, strata)."""
    total = np.zeros(features.shape)
    if not len(tables.first_row):
        return total
    order, starts, owners = _sort_slots(tables.slot_feature)
    step = max(1, _CHUNK_BYTES // max(1, tables.row_bytes))
    for start in range(0, len(features), step):
        chunk = slice(start, start + step)
        looked_up = tables.values[tables.rows_of(features[chunk])]
        flat = looked_up.reshape(len(looked_up), -1, looked_up.shape[-1])
        summed = np.matmul(flat, weights[chunk, :, None])[:, :, 0]
        total[chunk, owners] = np.add.reduceat(summed[:, order], starts, axis=1)
    return total


def _sort_slots(
    slot_feature: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    flat = slot_feature.ravel()
    order = np.argsort(flat, kind="stable")
    owners, starts = np.unique(flat[order], return_index=True)
    return order, starts, owners


@dataclass(frozen=True)
class TreeAttribution:
    """Contributions of features to a booster's margin, against strata of a background.

    ``counts`` (rows, strata) is all that is kept of the background; ``fingerprint`` names the
    booster that it was counted with.
    """

    tables: BlockTables
    counts: npt.NDArray[np.int64]
    fingerprint: str

    @classmethod
    def fit(
        cls,
        raw_json: bytes,
        feature_names: Sequence[str],
        background: Features,
        stratum: npt.NDArray[np.intp],
    ) -> TreeAttribution:
        """Count the decisions of the background (n, p), whose stratum (n,) is 0..s-1.

        ``raw_json`` is ``bytes(booster.save_raw("json"))``. Raises ModelError for a booster that
        cannot be explained exactly.
        """
        blocks = cut_booster(raw_json, feature_names)
        layout = _lay_out(blocks)
        counts = _count_rows(layout, background, stratum, _n_rows(blocks))
        return cls(_fill(layout, blocks, counts), counts, fingerprint_blocks(blocks))

    @classmethod
    def restore(
        cls,
        raw_json: bytes,
        feature_names: Sequence[str],
        counts: npt.NDArray[np.int64],
        fingerprint: str,
    ) -> TreeAttribution:
        """The attribution fitted with this very booster, from its ``counts``; else ModelError."""
        blocks = cut_booster(raw_json, feature_names)
        if fingerprint_blocks(blocks) != fingerprint or len(counts) != _n_rows(blocks):
            raise ModelError("The explainer was made for another booster than this model's")
        return cls(_fill(_lay_out(blocks), blocks, counts), counts, fingerprint)

    def attribute(self, features: Features, weights: FloatArray) -> FloatArray:
        """Contributions (n, p) to the margin, summed over strata by ``weights`` (n, strata).

        Against one stratum (weight 1 on it) they sum to the patient's margin less the stratum's
        mean margin.
        """
        return add_up(self.tables, features, weights)


def _n_rows(blocks: Sequence[Block]) -> int:
    return sum(2 ** len(block.features) for block in blocks)


def _lay_out(blocks: Sequence[Block]) -> BlockTables:
    n_splits = max((len(block.features) for block in blocks), default=0)
    n_slots = max((len(block.distinct_features) for block in blocks), default=0)
    shape = len(blocks), n_splits
    split_feature = np.zeros(shape, np.int32)
    threshold = np.full(shape, -np.inf, np.float32)  # no value is below: padding adds no bit
    default_left = np.zeros(shape, bool)
    slot_feature = np.zeros((len(blocks), n_slots), np.int32)
    for row, block in enumerate(blocks):
        splits = slice(len(block.features))
        split_feature[row, splits] = block.features
        threshold[row, splits] = block.thresholds
        default_left[row, splits] = block.default_left
        slot_feature[row, : len(block.distinct_features)] = block.distinct_features
    sizes = np.array([0, *(2 ** len(block.features) for block in blocks)], np.int64)
    first_row = np.cumsum(sizes)[:-1]
    return BlockTables(
        split_feature, threshold, default_left, first_row, slot_feature, np.zeros((0, n_slots, 0))
    )


def _count_rows(
    layout: BlockTables, background: Features, stratum: npt.NDArray[np.intp], n_rows: int
) -> npt.NDArray[np.int64]:
    n_strata = int(stratum.max()) + 1
    counts = np.zeros((n_strata, n_rows), np.int64)
    step = max(1, _CHUNK_BYTES // (8 * max(1, len(layout.first_row))))
    for start in range(0, len(background), step):
        rows = layout.rows_of(background[start : start + step])
        here = stratum[start : start + step]
        for s in np.unique(here):
            counts[s] += np.bincount(rows[here == s].ravel(), minlength=n_rows)
    return np.ascontiguousarray(counts.T)


def _fill(
    layout: BlockTables, blocks: Sequence[Block], counts: npt.NDArray[np.int64]
) -> BlockTables:
    values = np.zeros((len(counts), layout.slot_feature.shape[1], counts.shape[1]))
    for first, block in zip(layout.first_row, blocks, strict=True):
        rows = slice(first, first + 2 ** len(block.features))
        shares = counts[rows] / counts[rows].sum(axis=0)
        _add_leaves(values[rows], block, shares)
    return BlockTables(
        layout.split_feature,
        layout.split_threshold,
        layout.split_default_left,
        layout.first_row,
        layout.slot_feature,
        values,
    )


def _add_leaves(values: FloatArray, block: Block, shares: FloatArray) -> None:
    for leaf in block.leaves:
        slots, pattern = match_leaf(block, leaf)
        met = np.zeros((2 ** len(slots), shares.shape[1]))
        np.add.at(met, pattern, shares)
        contributions = leaf.value * (shapley_weights(len(slots)) @ met)
        values[:, slots] += contributions[pattern]


def match_leaf(block: Block, leaf: Leaf) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Slots of the leaf's features and, for all of the block's decisions, which are satisfied.

    Bit j of the second is set where the conditions of the feature in slot ``slots[j]`` are met.
    """
    decisions = np.arange(2 ** len(block.features))
    slot_of = {feature: slot for slot, feature in enumerate(block.distinct_features)}
    wrong: dict[int, npt.NDArray[np.bool_]] = {}
    for split, goes_left in leaf.path:
        missed = ((decisions >> split) & 1 == 1) != goes_left
        slot = slot_of[block.features[split]]
        wrong[slot] = wrong[slot] | missed if slot in wrong else missed
    pattern = np.zeros(len(decisions), np.int64)
    for bit, missed in enumerate(wrong.values()):
        pattern |= (~missed).astype(np.int64) << bit
    return list(wrong), pattern
