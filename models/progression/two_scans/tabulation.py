"""How often each verdict on a change was given, in a table that tells of no single patient."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray
from features.disclosure import is_small

_TECHNIQUE = {"slice_mm": 0.1, "kilovolts": 0.5}


def made_alike(scans: pd.DataFrame) -> BoolArray:
    """Whether nothing differs (s,) that is known of how later scans and the first were made.

    ``scans``: columns ``scanner``, ``slice_mm``, ``kilovolts`` and the same with ``first_``, any of
    them absent.
    """
    alike = np.ones(len(scans), dtype=bool)
    if {"scanner", "first_scanner"} <= set(scans):
        now, first = scans["scanner"], scans["first_scanner"]
        alike &= ~(now.notna() & first.notna() & (now != first)).to_numpy(bool)
    for name, tolerance in _TECHNIQUE.items():
        if {name, f"first_{name}"} <= set(scans):
            apart = (scans[name] - scans[f"first_{name}"]).abs()
            alike &= ~(apart > tolerance).to_numpy(bool)
    return alike


def tabulate_verdicts(found: Mapping[str, npt.NDArray[np.object_]]) -> pd.DataFrame:
    """Columns ``judged``, ``verdict``, ``scans``, ``percent`` of those judged, most frequent first.

    ``found``: by what was judged the verdicts (s,), "" where there is none. A verdict on fewer than
    ten scans is left out, and with it the next smallest, from which it could be worked out.
    """
    rows = []
    for judged, verdicts in found.items():
        counts = pd.Series(verdicts[verdicts != ""], dtype="str").value_counts()
        total, hidden = int(counts.sum()), [n for n in counts if is_small(int(n))]
        if len(hidden) == 1:
            hidden += sorted(n for n in counts if not is_small(int(n)))[:1]
        rows += [
            {"judged": judged, "verdict": verdict, "scans": n, "percent": 100 * n / total}
            for verdict, n in counts.items()
            if n not in hidden
        ]
    return pd.DataFrame(rows, columns=["judged", "verdict", "scans", "percent"])
