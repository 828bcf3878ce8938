"""What tells one patient's covariates from another's, in one whole number.

A name may be shared and a file may change: scores carry the fingerprint of the covariates they
came from, so that whoever joins the two again sees whether they belong together. Each known value
is hashed with its variable's name and the hashes are added up: the order of columns changes
nothing, nor does a variable that is not known. The sum is mixed as in SplitMix64 (Steele, Lea,
Flood 2014, OOPSLA, p. 453).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.derivation.columns import Columns
from features.dictionary.variable import Variable

Words = npt.NDArray[np.uint64]

FINGERPRINT = "covariates_fingerprint"
"""The column of scores that holds it."""

KNOWN = np.uint64(0x9E3779B97F4A7C15)
Adder = Callable[[FloatArray, np.uint64, Words], None]


def fingerprint(
    covariates: pd.DataFrame | Columns, dictionary: Mapping[str, Variable], add: Adder | None = None
) -> npt.NDArray[np.int64]:
    """The fingerprint (n,) of each row of canonical covariates.

    ``add``: `add_numbers`, or the same compiled.
    """
    columns, total = Columns.of(covariates, dictionary), np.zeros(len(covariates), np.uint64)
    for name in map(str, columns.covariates):
        if name not in dictionary:
            continue
        values, variable = columns[name], dictionary[name]
        if variable.kind == "category":
            _add_codes(values, variable, total)
        else:
            (add or add_numbers)(values, np.uint64(_word(variable.name) | 1), total)
    return _mix(total).view(np.int64)


def add_numbers(values: FloatArray, word: np.uint64, total: Words) -> None:
    """Adds the hash of each known number to its row of ``total`` (n,).

    The bits are folded, since those of whole numbers end in zeros, and multiplied by an odd word;
    `KNOWN` makes a zero another thing than what is not known.
    """
    bits = (values + 0.0).view(np.uint64)  # the negative zero is a zero
    total += (bits ^ (bits >> np.uint64(32)) ^ KNOWN) * word * ~np.isnan(values)


def _add_codes(places: FloatArray, variable: Variable, total: Words) -> None:
    words = np.array([*(_word(f"{variable.name}={code}") for code in variable.codes), 0], np.uint64)
    total += words[np.where(np.isnan(places), -1.0, places).astype(np.intp)]


def _mix(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


@cache
def _word(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
