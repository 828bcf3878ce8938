"""Values of different days that contradict one another: the later one counts.

Who smoked 20 cigarettes a day three years ago and has quit since is no contradiction.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.derivation.columns import Columns
from features.dictionary.variable import Variable
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.measures import LASTING
from features.intake.fhir.patient.patient_row import Row
from features.intake.validation.combinations import COMBINATIONS


def drop_outdated(
    frame: pd.DataFrame,
    rows: Mapping[int, Row],
    dictionary: Mapping[str, Variable],
    losses: Losses,
) -> pd.DataFrame:
    """The frame (index: row number) without values that a later one of the patient contradicts.

    ``rows``: by row number, when each value was measured. What was dropped is counted. Values of
    one day that contradict one another stay, and so do those of rules that time does not change:
    these are rejects, as in a file.
    """
    columns = Columns(frame, dictionary)
    outdated: list[tuple[int, str]] = []
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for rule in COMBINATIONS:
            if rule.may_change and rule.applies(frame.columns):
                broken = frame.index[rule.broken(columns)]
                outdated += [(n, name) for n in broken for name in _older(rows[n], rule.variables)]
    if not outdated:
        return frame
    kept = frame.copy()
    for number, name in dict.fromkeys(outdated):
        kept.loc[number, name] = np.nan
        losses.leave_out("Observation", f"{name} that a later value contradicts")
    return kept


def _older(row: Row, variables: tuple[str, ...]) -> list[str]:
    """Those of the variables that were measured before the latest of them."""
    days = {name: row.days.get(name, row.index_day) for name in variables if name in row.values}
    latest = max(days.values(), default=0)
    return [name for name, day in days.items() if day < latest and name not in LASTING]
