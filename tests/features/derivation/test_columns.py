from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.derivation.columns import (
    Columns,
    first_known,
    flag,
    log_plus_one,
    ratio,
    signed_log,
    where,
)
from features.dictionary.dictionary import Dictionary

NAN = np.nan
DICTIONARY = Dictionary.load()


@pytest.mark.parametrize("no", [NAN, -0.0, np.inf, 7])
def test_choosing_gives_numpys_numbers_to_the_last_bit(no: float) -> None:
    yes = np.array([1.0, NAN, -np.inf, 5e-324, -0.0, 3.0])
    for rows in (yes == 1.0, yes != yes, np.zeros(6, bool), np.ones(6, bool)):
        for a, b in ((yes, no), (no, yes), (yes, yes[::-1])):
            np.testing.assert_array_equal(
                where(rows, a, b).view(np.int64), np.where(rows, a, b).view(np.int64)
            )
    assert where(np.bool_(True), 2.0, 3.0) == 2.0
    assert where(np.zeros(0, bool), yes[:0], no).shape == (0,)


def test_a_flag_is_missing_where_an_operand_is() -> None:
    left, right = np.array([1.0, NAN, 3.0]), np.array([2.0, 2.0, 2.0])
    np.testing.assert_array_equal(flag(left > right, left, right), [0, NAN, 1])


def test_the_first_known_value_wins() -> None:
    found = first_known(np.array([NAN, 1.0, NAN]), np.array([2.0, 2.0, NAN]))
    np.testing.assert_array_equal(found, [2, 1, NAN])


def test_a_ratio_to_nothing_is_missing() -> None:
    found = ratio(np.array([1.0, 1.0, NAN, 1.0]), np.array([2.0, 0.0, 1.0, NAN]))
    np.testing.assert_array_equal(found, [1 / 2, NAN, NAN, NAN])


def test_logarithms_of_amounts_and_of_changes() -> None:
    np.testing.assert_allclose(log_plus_one(np.array([0.0, 9.0, -1.0])), [0, np.log(10), NAN])
    np.testing.assert_allclose(signed_log(np.array([-9.0, 0.0, 9.0])), [-np.log(10), 0, np.log(10)])


def test_a_category_is_the_position_of_its_code() -> None:
    frame = pd.DataFrame({"smoking_status": ["former", None, "never", "pipe"]})
    columns = Columns(frame, DICTIONARY)
    np.testing.assert_array_equal(columns["smoking_status"], [1, NAN, 0, NAN])
    np.testing.assert_array_equal(columns.is_code("smoking_status", "never"), [0, NAN, 1, NAN])


def test_a_category_that_is_stored_as_codes_is_the_same() -> None:
    texts = pd.Series(["former", None, "never", "pipe"])
    # in an order of their own, and with one that is none of the variable's
    stored = pd.Categorical(texts, categories=["pipe", "never", "former"])
    by_text, by_code = (
        Columns(pd.DataFrame({"smoking_status": cells}), DICTIONARY)["smoking_status"]
        for cells in (texts, stored)
    )
    np.testing.assert_array_equal(by_code, by_text)


def test_columns_serve_again_under_the_same_dictionary_alone() -> None:
    columns = Columns(pd.DataFrame({"sex": ["male", "female"]}), DICTIONARY)
    assert Columns.of(columns, DICTIONARY) is columns
    assert Columns.of(columns, Dictionary(dict(DICTIONARY))) is columns
    turned = dataclasses.replace(DICTIONARY["sex"], codes=DICTIONARY["sex"].codes[::-1])
    other = Columns.of(columns, Dictionary({**DICTIONARY, "sex": turned}))
    np.testing.assert_array_equal(other["sex"], columns["sex"][::-1])
    assert len(columns) == 2
    assert "sex" in columns
    assert "age" not in columns


def test_what_was_read_is_known() -> None:
    columns = Columns(pd.DataFrame({"age": [60.0]}), DICTIONARY)
    assert np.isnan(columns["apob"]).all()
    assert columns["age"][0] == 60
    assert columns.read == {"apob", "age"}


def test_text_in_a_number_is_an_error() -> None:
    with pytest.raises((TypeError, ValueError)):
        Columns(pd.DataFrame({"age": ["sixty"]}), DICTIONARY)["age"]


def test_a_variable_the_dictionary_does_not_know_is_an_error() -> None:
    with pytest.raises(KeyError):
        Columns(pd.DataFrame({"shoe_size": [43.0]}), DICTIONARY)["shoe_size"]
