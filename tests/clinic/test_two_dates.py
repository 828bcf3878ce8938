"""Two rows of one patient, under two identifiers."""

from __future__ import annotations

import pandas as pd
import pytest

from clinic.patient.growth.section import GrowthWriter
from clinic.patient.growth.two_dates import judge_two_dates
from clinic.patient.suppositions import known_of
from clinic.words.texts import load_texts
from clinic.words.values import ValueWriter
from features.derivation.catalogue import derive_features
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary

TEXTS, DICTIONARY = load_texts(), Dictionary.load()
DATES: dict[str, object] = {"sex": "male", "bmi": 27.0, "statin_intensity": "none"}


@pytest.mark.parametrize("scores", [(90.0, 180.0), (150.0, 180.0), (400.0, 100.0), (0.0, 0.0)])
def test_two_dates_of_a_patient_have_the_verdict_that_the_later_page_would_have(
    scores: tuple[float, float],
) -> None:
    writer = ValueWriter(DICTIONARY, TEXTS)
    rows = [
        pd.DataFrame([{**DATES, "age": age, "cac_agatston": score}])
        for age, score in zip((58.2, 62.4), scores, strict=True)
    ]
    said = judge_two_dates(rows[0], rows[1], writer)
    assert said == judge_two_dates(rows[1], rows[0], writer)
    later = rows[1].assign(prior_cac_agatston=scores[0])
    columns = Columns(later, DICTIONARY)
    features = derive_features(columns, DICTIONARY)
    page = GrowthWriter(None, DICTIONARY, TEXTS).write(later, features, known_of(columns))
    assert said.endswith(f"at 58 and 62 years. {page.first_screen}")


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ({"sex": "female"}, {}, ""),
        ({"ethnicity": "white"}, {"ethnicity": "black"}, ""),
        ({"cac_agatston": None}, {}, ""),
        ({"age": 60.0}, {"age": 60.0}, "comparison.no_order"),
        ({"age": None}, {}, "comparison.no_order"),
    ],
)
def test_two_rows_that_may_be_no_two_dates_in_that_order_have_no_verdict(
    first: dict[str, object], second: dict[str, object], key: str
) -> None:
    base = {**DATES, "age": 58.0, "cac_agatston": 90.0}
    later = {**base, "age": 62.0, "cac_agatston": 180.0}
    rows = [pd.DataFrame([{**one, **more}]) for one, more in ((base, first), (later, second))]
    said = judge_two_dates(rows[0], rows[1], ValueWriter(DICTIONARY, TEXTS))
    assert said == (TEXTS(key) if key else "")
