"""The same patient twice: under one identifier written two ways, or under two identifiers.

Across the split a twin tells the held-out patient's outcome; within the development patients it
does so across folds, and counts one patient as two.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.array_types import BoolArray
from models.leakage.coincidence import is_beyond_chance, own_shares
from models.leakage.inspected_cohort import Subject
from models.leakage.leak import Leak
from models.leakage.limits import Limits

PATIENT_ID, COVARIATES = "patient_id", "covariates"

_TELLING_DISTINCT = 20
_MOST_PARTS = 3
_REMEDY = "Keep one row per patient, or the two in the same part of the split"


def check_duplicates(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Identifiers that differ only in how they are written; rows that cannot agree by chance."""
    del limits
    found = {
        PATIENT_ID: ("stand under one identifier, written alike", twins_by_id(subject.columns)),
        COVARIATES: ("have the same values as another", twins_by_values(subject.columns)),
    }
    for column, (what, group) in found.items():
        twins = int((group >= 0).sum())
        if twins:
            across = count_across(group, subject.held_out)
            measured = f"{twins} patients {what}{across}"
            yield Leak("duplicate", column, measured, _REMEDY)


def twins_by_id(columns: pd.DataFrame) -> pd.Series:
    """(n,) number of the group of twins, -1 where there is none.

    Blanks, upper and lower case, leading zeros and a trailing ".0" make no difference. Hyphens do:
    1-12 and 11-2 are two patients of two sites.
    """
    ids = columns.index.to_series().astype("str").str.replace(r"\s", "", regex=True)
    bare = ids.str.casefold().str.replace(r"^0+(?=\w)", "", regex=True)
    bare = bare.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    return _groups_of_twins(bare.reset_index(drop=True))


def twins_by_values(columns: pd.DataFrame) -> pd.Series:
    """(n,) number of the group of twins, -1 where there is none.

    Patients who agree in all telling columns (numbers with many values that the others do not
    determine), or in all of a half or a third of them, and whose values are so rare together that
    no such pair is expected by chance; where there are any, all who agree in all these columns, of
    which they have most. By halves and thirds a twin of whom one or two values were
    changed is found as well.
    """
    numbers = columns.select_dtypes("number").reset_index(drop=True)
    many = [name for name in numbers if numbers[name].nunique() >= _TELLING_DISTINCT]
    own = own_shares(numbers[many])
    groups = pd.Series(-1, index=numbers.index)
    for part in _parts(list(own.index)):
        keys = pd.util.hash_pandas_object(numbers[part], index=False)
        alike = keys.duplicated(keep=False)
        rare = is_beyond_chance(numbers[part], alike, own[part])
        if len(part) == len(own) and rare.any():
            # where some are twins, so are others who agree in everything, however common it is
            rare = alike & (numbers[part].notna().mean(axis=1) > 0.5)
        found = _groups_of_twins(keys.where(rare))
        groups = groups.where(groups >= 0, found)
    return groups


def _parts(names: list[str]) -> Iterator[list[str]]:
    """All, halves and thirds; dealt so that neighbours, which often measure the same, are split."""
    for n_parts in range(1, _MOST_PARTS + 1):
        if len(names) >= 2 * n_parts:
            yield from (names[place::n_parts] for place in range(n_parts))


def _groups_of_twins(keys: pd.Series) -> pd.Series:
    twin = keys.duplicated(keep=False) & keys.notna()
    numbers = pd.Series(-1, index=keys.index)
    numbers[twin] = pd.factorize(keys[twin])[0]
    return numbers


def count_across(group: pd.Series, held_out: BoolArray | None) -> str:
    """How many of the twins have their like in the other part of the split, in words."""
    if held_out is None:
        return ""
    twins = group[group >= 0]
    share = pd.Series(np.asarray(held_out)[twins.index]).groupby(twins.to_numpy()).transform("mean")
    across = int(((share > 0) & (share < 1)).sum())
    return f", {across} of them across development and held-out patients"
