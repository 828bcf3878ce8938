"""Rows that are not read, as a table: where each stands, whose it is and what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

REJECT_COLUMNS = ("row", "patient_id", "column", "rule")


def no_rejects() -> pd.DataFrame:
    """A table of rejects without a row."""
    return rejects_table(np.empty(0, np.int64), "", "", "")


def rejects_table(rows: Any, patient_id: Any, column: Any, rule: Any) -> pd.DataFrame:
    """One line per row that is not scored: ``row``, ``patient_id``, ``column``, ``rule``."""
    table = pd.DataFrame({"row": np.asarray(rows, dtype=np.int64)})
    for name, values in zip(REJECT_COLUMNS[1:], (patient_id, column, rule), strict=True):
        table[name] = pd.Series(values, index=table.index, dtype="str")
    return table
