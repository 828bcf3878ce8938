"""What a table of gaps between subgroups gives rise to say: the one reading of it.

Verdict, report and promotion gate all read subgroup_gaps through here, as computed or as read back
from its CSV file, where an empty text is a missing value.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from features.dictionary.variable import Variable

COMMON = 0.02
"""Share of the patients from which on a yes, or a level of one's own variable, is a group."""
_DERIVED = {"age_band": "Age", "cac_group": "Calcium score", "statin": "Statin"}


@dataclass(frozen=True)
class Finding:
    """A gap that is a finding, of whichever horizon, in the patients of one ``evaluation``."""

    evaluation: str
    subgroup: str
    level: str
    text: str

    @property
    def group(self) -> str:
        """Such as "sex female": the key of accepted_gaps in params.yaml."""
        return f"{self.subgroup} {self.level}".strip()


def name_subgroup(subgroup: str, dictionary: Mapping[str, Variable]) -> str:
    """As readers know it: by the label of its variable."""
    known = dictionary.get(subgroup)
    return known.label if known else _DERIVED.get(subgroup, subgroup)


def list_findings(gaps: pd.DataFrame) -> list[Finding]:
    """Every finding, of all evaluations and horizons, in the order of the table."""
    return [
        Finding(_read(row, "evaluation"), _read(row, "subgroup"), _read(row, "level"), text)
        for row in gaps.to_dict("records")
        if (text := _read(row, "finding"))
    ]


def count_tested(gaps: pd.DataFrame) -> int:
    """How many gaps were tested; all of a table that does not say."""
    if "not_tested" not in gaps.columns:
        return len(gaps)
    return int(gaps["not_tested"].fillna("").eq("").sum())


def list_too_small(gaps: pd.DataFrame) -> list[tuple[str, str]]:
    """Groups (subgroup, level) in whom no gap at all was tested, for too few events."""
    if gaps.empty or "not_tested" not in gaps.columns:
        return []
    told = gaps.assign(not_tested=gaps["not_tested"].fillna(""))
    tested = told[told["not_tested"] != "too few events"]
    known = set(_groups_of(tested))
    return [group for group in dict.fromkeys(_groups_of(told)) if group not in known]


def _groups_of(gaps: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(gaps["subgroup"].map(str), gaps["level"].map(str), strict=True))


def _read(row: Mapping[Hashable, object], name: str) -> str:
    value = row.get(name)
    # a level such as 0 is read back from a file as a number
    return "" if value is None or value != value else str(value).strip()
