"""Raw cells as they arrive: numbers already, or to be taken as text."""

from __future__ import annotations

import numpy as np
import pandas as pd

_NUMERIC = "iuf"


def is_typed(cells: pd.Series) -> bool:
    """Whether the cells are numbers already."""
    return isinstance(cells.dtype, np.dtype) and cells.dtype.kind in _NUMERIC


def as_text(cells: pd.Series) -> pd.Series:
    """The cells as a text file would hold them: ``str``, empty where missing, 5 and not 5.0."""
    if cells.dtype == "str":
        return cells.fillna("")
    if cells.dtype == bool:
        cells = cells.astype("int8")
    if not is_typed(cells):
        return cells.astype("str").fillna("").str.strip()
    numbers = cells.to_numpy()
    if numbers.dtype.kind != "f":
        return pd.Series(numbers.astype(str), index=cells.index, dtype="str")
    codes, values = pd.factorize(numbers, use_na_sentinel=True)
    texts = [repr(float(value)).removesuffix(".0") for value in values]
    return pd.Series(np.array([*texts, ""], object)[codes], index=cells.index, dtype="str")
