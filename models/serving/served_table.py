"""What a served model is asked with must be a table, and what it ignores of one is told."""

from __future__ import annotations

import logging
from collections.abc import Collection

import pandas as pd

from features.errors import CohortError, Problem

# Ignored columns are named once, as long as they are few: a client may invent names for ever.
_TOLD, _LONGEST_NAME = 200, 60

_log = logging.getLogger(__name__)


def require_table(given: object) -> None:
    """Raises CohortError where patients came as anything but a table."""
    # MLflow's `instances` and `inputs` arrive as loose columns, whose rows it may have mixed up
    if not isinstance(given, pd.DataFrame):
        rule = "patients must come as a table"
        remedy = "Send a pandas DataFrame, in JSON dataframe_split or dataframe_records"
        raise CohortError([Problem("", rule, remedy)], "covariates")


class ForeignColumns:
    """Columns that are no variable, over all that a served model is asked."""

    def __init__(self) -> None:
        self.named: frozenset[str] = frozenset()

    def look_at(self, patients: pd.DataFrame, known: Collection[str]) -> None:
        """Name those that were not named before in the log, 200 in all.

        ``known``: the variables, in lower case. Raises CohortError where no column is one of them.
        """
        foreign = frozenset(str(n) for n in patients if str(n).casefold() not in known)
        if len(patients) and len(foreign) == len(set(patients)):
            rule = "none of the columns is a variable of the data dictionary"
            remedy = "Name them as `calcirisk variables` does; in Spark, hand over a struct"
            raise CohortError([Problem("", rule, remedy)], "covariates")
        named = {name[:_LONGEST_NAME] for name in foreign} - self.named
        new = sorted(named)[: max(_TOLD - len(self.named), 0)]
        if new:
            self.named |= frozenset(new)
            _log.warning("Columns ignored, not in the dictionary: %s", ", ".join(new))
