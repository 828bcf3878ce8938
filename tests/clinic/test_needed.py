"""A model that can say nothing without a variable: the form asks for it."""

from __future__ import annotations

import pytest

from clinic.new_patient import Entry, read_entry
from clinic.words.texts import load_texts
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Needed

WHY = "the model knows the hazards of no other ages"


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return Dictionary.load().needing("age", Needed(45.0, 90.0, WHY))


def _fill(dictionary: Dictionary, age: str) -> Entry:
    given = {"age": age, "sex": "male", "systolic_bp": "140"}
    return read_entry(given, dictionary, load_texts("en"))


def test_the_form_takes_ages_that_the_model_knows_alone(dictionary: Dictionary) -> None:
    assert _fill(dictionary, "60").covariates is not None
    for age in ("95", "44"):
        (wrong,) = _fill(dictionary, age).errors
        assert (wrong.name, wrong.error) == ("age", "must be between 45 and 90 years")
    (wrong,) = _fill(dictionary, "").errors
    assert (wrong.name, wrong.error) == ("age", "is required")
