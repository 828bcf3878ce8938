"""`features.covariate_fingerprint.add_numbers` compiled: the same bits, several times faster.

Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.covariate_fingerprint import KNOWN, Words
from models.compilation import compiled


def add_numbers(values: FloatArray, word: np.uint64, total: Words) -> None:
    """Adds the hash of each known number to its row of ``total`` (n,)."""
    values = np.ascontiguousarray(values)
    _add(values, values.view(np.uint64), word, total)


@compiled(exact=True)
def _add(values: FloatArray, bits: Words, word: np.uint64, total: Words) -> None:
    for i in range(len(values)):
        word_of = bits[i] if values[i] != 0.0 else np.uint64(0)
        hashed = (word_of ^ (word_of >> np.uint64(32)) ^ KNOWN) * word
        total[i] += hashed if values[i] == values[i] else np.uint64(0)
