from __future__ import annotations

import pandas as pd
import pytest

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Needed
from features.errors import CohortError
from features.intake.rows import RowRules, read_rows
from features.intake.validation.findings import Findings

DICTIONARY = Dictionary.load().needing("age", Needed(45.0, 90.0, "it knows no other ages"))
NEEDED = "no age from 45 to 90 years: it knows no other ages"


def _read(ages: list[str], source: ValueSource | None = None) -> pd.DataFrame:
    """The rejects of patients with these cells for their age."""
    age = source or ValueSource("column", ("AGE",))
    chosen = CohortMap("mine", variables={"age": age, "sex": ValueSource("column", ("sex",))})
    cells = dict.fromkeys(age.columns, ages)
    frame = pd.DataFrame({**cells, "sex": "male"}, index=range(1, len(ages) + 1), dtype="str")
    return read_rows(frame, RowRules.for_columns(list(map(str, frame)), chosen, DICTIONARY)).rejects


@pytest.mark.parametrize("age", ["", "44", "90.5", "NA"])
def test_a_row_without_a_value_that_the_model_can_use_is_rejected_for_the_want_of_it(
    age: str,
) -> None:
    rejects = _read([age, "60"])
    assert rejects["row"].tolist() == [1]
    assert rejects["rule"].tolist() == [NEEDED]


@pytest.mark.parametrize("age", ["200", "-1", "old", "inf", "1e400", "#REF!"])
@pytest.mark.parametrize("combine", ["column", "mean_of"])
def test_a_cell_that_is_wrong_in_itself_is_rejected_for_that_alone(age: str, combine: str) -> None:
    columns = ("AGE",) if combine == "column" else ("FIRST", "SECOND")
    rejects = _read([age, "60", "30"], ValueSource(combine, columns))
    assert rejects["row"].tolist() == [1, 3]
    wrong, wanting = rejects["rule"].tolist()
    assert "it knows no other ages" not in wrong
    assert wrong
    assert wanting == NEEDED


def test_what_is_wrong_elsewhere_in_the_row_is_told_as_well() -> None:
    chosen = CohortMap(
        "mine", variables={name: ValueSource("column", (name,)) for name in ("age", "systolic_bp")}
    )
    frame = pd.DataFrame({"age": ["30"], "systolic_bp": ["2000"]}, index=[1], dtype="str")
    (rule,) = read_rows(
        frame, RowRules.for_columns(list(map(str, frame)), chosen, DICTIONARY)
    ).rejects["rule"]
    assert NEEDED in rule
    assert "systolic_bp outside" in rule


def test_a_source_without_the_column_is_refused_whole() -> None:
    chosen = CohortMap("mine", variables={"sex": ValueSource("column", ("sex",))})
    with pytest.raises(CohortError, match="age: must be given, 45 to 90 years"):
        RowRules.for_columns(["sex"], chosen, DICTIONARY)


def test_rows_are_found_by_the_column_that_they_are_rejected_for() -> None:
    findings = Findings()
    for column, broken in (("a", [1, 0, 1]), ("b", [0, 1, 1]), ("a", [0, 0, 1])):
        findings.reject(column, "a rule", "mend it", pd.Series(broken, [5, 6, 7]))
    assert findings.find_rejected(["a"]).tolist() == [5, 7]
    assert findings.find_rejected(["a", "b"]).tolist() == [5, 6, 7] == [*findings.rejected_rows]
    assert findings.find_rejected(["c"]).tolist() == []
