from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.covariate_fingerprint import fingerprint
from features.dictionary.dictionary import Dictionary
from models.compiled.compiled_fingerprint import add_numbers

DICTIONARY = Dictionary.load()


@pytest.fixture(scope="module")
def covariates(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    return drawn_covariates.head(300)


def test_neither_the_order_of_columns_nor_what_is_not_known_changes_it(
    covariates: pd.DataFrame,
) -> None:
    found = fingerprint(covariates, DICTIONARY)
    known = covariates.dropna(axis=1, how="all")
    turned = known[known.columns[::-1]].assign(stranger=1.0)
    assert (fingerprint(turned, DICTIONARY) == found).all()
    absent = next(name for name in DICTIONARY if name not in known)
    assert (fingerprint(known.assign(**{str(absent): np.nan}), DICTIONARY) == found).all()


def test_every_change_of_one_value_changes_it(covariates: pd.DataFrame) -> None:
    found = fingerprint(covariates, DICTIONARY)
    for name in map(str, covariates):
        variable, column = DICTIONARY[name], covariates[name]
        if variable.kind == "category":
            codes = list(variable.codes)
            other = column.map({code: codes[i - 1] for i, code in enumerate(codes)})
        else:
            other = 1 - column if variable.kind == "boolean" else column * 1.0001 + 0.001
        changed = fingerprint(covariates.assign(**{name: other}), DICTIONARY) != found
        assert (changed == column.notna().to_numpy()).all(), name
        forgotten = fingerprint(covariates.drop(columns=name), DICTIONARY) != found
        assert (forgotten == column.notna().to_numpy()).all(), name


def test_small_whole_numbers_do_not_meet() -> None:
    names = [name for name, one in DICTIONARY.items() if one.kind != "category"][:5]
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 5), axis=-1).reshape(-1, 5)
    found = fingerprint(pd.DataFrame(grid, columns=names), DICTIONARY)
    assert len(set(found.tolist())) == len(grid)


def test_compiled_it_is_the_same_and_a_negative_zero_is_a_zero(covariates: pd.DataFrame) -> None:
    compiled = fingerprint(covariates, DICTIONARY, add_numbers)
    assert (compiled == fingerprint(covariates, DICTIONARY)).all()
    zero = pd.DataFrame({"cac_agatston": [0.0, -0.0]})
    assert len({*fingerprint(zero, DICTIONARY), *fingerprint(zero, DICTIONARY, add_numbers)}) == 1
