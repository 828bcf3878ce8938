from __future__ import annotations

import pandas as pd
import pytest

from features.intake.rows import check_identifiers
from features.intake.validation.findings import Findings


def _rejecting(*rows: int) -> Findings:
    findings = Findings()
    findings.reject("age", "out of range", "Correct it", pd.Series(True, index=list(rows)))
    findings.reject("sex", "unknown", "Correct it", pd.Series(True, index=[rows[0]]))
    return findings


def test_a_row_that_breaks_two_rules_is_lost_once_but_listed_twice() -> None:
    findings = _rejecting(4, 2)
    assert findings.rejected_rows.tolist() == [2, 4]
    assert findings.rejects_table()["row"].tolist() == [2, 4, 4]


def test_rejects_up_to_the_limit_stop_nothing_and_above_it_become_problems() -> None:
    findings = _rejecting(2, 4)
    findings.check_reject_fraction(20, 0.1)
    assert findings.problems == []
    findings.check_reject_fraction(19, 0.1)
    assert [problem.rows for problem in findings.problems] == [None, 2, 1]
    assert "2 of 19 rows break a rule, more than the allowed 10%" in str(findings.problems[0])


def test_a_table_without_rejects_has_its_columns() -> None:
    assert list(Findings().rejects_table()) == ["row", "column", "rule"]


@pytest.mark.parametrize("identifier", ["00012", "NA", "1E5X", "3-1", "MAY", "A-3"])
def test_strange_identifiers_are_still_identifiers(identifier: str) -> None:
    findings = Findings()
    check_identifiers(pd.Series([identifier, "other"], index=[2, 3], dtype="str"), findings)
    assert (findings.problems, findings.rejects) == ([], [])


@pytest.mark.parametrize(
    "identifier", ["1.23E+05", "1,23E+11", "3-Jan", "Mar-21", "#REF!", "#####"]
)
def test_what_a_spreadsheet_made_of_identifiers_is_refused(identifier: str) -> None:
    findings = Findings()
    check_identifiers(pd.Series([identifier, "other"], index=[2, 3], dtype="str"), findings)
    assert len(findings.problems) == 1
    assert identifier not in str(findings.problems[0])
