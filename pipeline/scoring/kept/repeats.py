"""Identifiers that stand in more than one row, among any number of rows, in bounded memory.

Each identifier becomes a key of 128 bits. Keys are dealt into buckets on disk by their first bits;
a bucket fits into memory, and equal keys always share one. Two different identifiers among 10^8
have the same key with a probability of about 10^-23.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files.private import open_private

Keys = npt.NDArray[np.uint64]

_SEEDS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_BUCKET_ROWS = 1_000_000
_LONGEST = 256


def make_keys(identifiers: pa.ChunkedArray) -> Keys:
    """Keys (n, 2) of identifiers, text (n,): equal texts and no others have equal keys.

    A text has the same key among whatever others it stands.
    """
    texts = identifiers.combine_chunks().cast(pa.large_string())
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    long = lengths > _LONGEST
    if not long.any():
        return _mix_words(texts.cast(pa.large_binary()), lengths)
    keys = np.empty((len(texts), 2), np.uint64)
    short = texts.filter(pa.array(~long)).cast(pa.large_binary())
    keys[~long] = _mix_words(short, lengths[~long])
    objects = np.array(texts.filter(pa.array(long)).to_pylist(), dtype=object)
    for column, key in enumerate(("calcirisk-first-", "calcirisk-second")):
        keys[long, column] = pd.util.hash_array(objects, hash_key=key)
    return keys


def _mix_words(texts: pa.Array, lengths: npt.NDArray[np.int64]) -> Keys:
    words = _pad(texts, lengths, int(lengths.max(initial=0)))
    shortest = int(lengths.min(initial=0))
    keys = np.empty((len(texts), 2), np.uint64)
    with np.errstate(over="ignore"):
        for column, seed in enumerate(_SEEDS):
            mixed = _mix(lengths.astype(np.uint64) ^ np.uint64(seed))
            for position, word in enumerate(words.T):
                further = _mix(mixed ^ word)
                # Words behind the end of a text are there only because another is longer.
                own = lengths > 8 * position
                mixed = further if shortest > 8 * position else np.where(own, further, mixed)
            keys[:, column] = mixed
    return keys


def _pad(texts: pa.Array, lengths: npt.NDArray[np.int64], width: int) -> Keys:
    """The bytes of each text as words of 8 bytes (n, words), zeros behind the end."""
    n_words = width // 8 + 1
    padded = np.zeros((len(texts), n_words * 8), np.uint8)
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts)]
    content = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    if len(texts) and int(lengths.min()) == width:
        end = int(starts[0]) + width * len(texts)
        padded[:, :width] = content[int(starts[0]) : end].reshape(len(texts), width)
        return padded.view(np.uint64)
    for position in range(width):
        rows = np.flatnonzero(lengths > position)
        padded[rows, position] = content[starts[rows] + position]
    return padded.view(np.uint64)


def _mix(values: Keys) -> Keys:
    """The finaliser of splitmix64 (Steele, Lea, Flood. OOPSLA 2014)."""
    values = values + np.uint64(_SEEDS[0])
    values = (values ^ (values >> np.uint64(30))) * np.uint64(_MULTIPLIERS[0])
    values = (values ^ (values >> np.uint64(27))) * np.uint64(_MULTIPLIERS[1])
    return values ^ (values >> np.uint64(31))


def find_repeats(
    keys: Iterable[Keys], n_rows: int, folder: Path, bucket_rows: int = _BUCKET_ROWS
) -> npt.NDArray[np.bool_]:
    """Which rows (n,) share their key with another; a file in the folder, mapped into memory.

    ``keys``: pieces (m, 2) that together have ``n_rows`` rows, in order.
    """
    flags = folder / "repeated.npy"
    open_private(flags).close()
    repeated = np.lib.format.open_memmap(flags, "w+", np.bool_, (max(n_rows, 1),))
    n_buckets = max(1, -(-n_rows // bucket_rows))
    if n_buckets == 1:
        pieces = [np.zeros((0, 2), np.uint64), *keys]
        together = np.concatenate(pieces)
        repeated[_positions_of_repeats(together, np.arange(len(together), dtype=np.uint64))] = True
        return repeated[:n_rows]
    paths = [folder / f"bucket{number}.keys" for number in range(n_buckets)]
    _deal(keys, paths)
    for path in paths:
        bucket = np.fromfile(path, np.uint64).reshape(-1, 3)
        repeated[_positions_of_repeats(bucket[:, :2], bucket[:, 2])] = True
        path.unlink()
    return repeated[:n_rows]


def _deal(keys: Iterable[Keys], paths: list[Path]) -> None:
    start = 0
    for path in paths:
        open_private(path).close()
    for piece in keys:
        positions = np.arange(start, start + len(piece), dtype=np.uint64)
        start += len(piece)
        # The high half of a product deals evenly without division.
        bucket = ((piece[:, 0] >> np.uint64(32)) * np.uint64(len(paths))) >> np.uint64(32)
        # of so few values, a sort that counts
        order = np.argsort(bucket.astype(np.uint16), kind="stable")
        rows = np.column_stack([piece, positions])[order]
        ends = np.cumsum(np.bincount(bucket.astype(np.intp), minlength=len(paths)))
        for path, part in zip(paths, np.split(rows, ends[:-1]), strict=True):
            with path.open("ab") as file:
                part.tofile(file)


def _positions_of_repeats(keys: Keys, positions: Keys) -> Keys:
    halves = np.sort(keys[:, 0])
    twice = np.unique(halves[1:][halves[1:] == halves[:-1]])
    # Few stand twice, and only they need a sort of whole keys with their places.
    rows = np.flatnonzero(np.isin(keys[:, 0], twice)) if len(twice) else np.zeros(0, np.intp)
    keys, positions = keys[rows], positions[rows]
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    same = (ordered[1:] == ordered[:-1]).all(axis=1)
    repeated = np.zeros(len(keys), dtype=bool)
    repeated[1:] |= same
    repeated[:-1] |= same
    return positions[order[repeated]]
