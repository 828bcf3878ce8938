from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from models.input_ranges import InputRanges
from pipeline.scoring.account.counts import Tally
from pipeline.scoring.account.job_summary import ScoreSummary
from pipeline.scoring.columns import MISSING

RANGES = InputRanges({}, ("age", "bmi"))


def make_tally() -> Tally:
    labels = {"age": "Age", "bmi": "Body mass index"}
    return Tally((10.0,), RANGES.tally_missing(), labels, ("low", "middle", "high"))


def scored(risks: list[float], categories: Sequence[str | None], missing: str = "") -> pa.Table:
    n = len(risks)
    return pa.table(
        {
            "risk_10y": risks,
            "risk_category": pa.array(categories, pa.string()).dictionary_encode(),
            "outside_training": [""] * n,
            "imputed_cac": [0] * n,
            "reference_disagrees": pa.array([1, 0, None, *[0] * n][:n], pa.int8()),
            MISSING: pa.array([missing] * n).dictionary_encode(),
        }
    )


def test_rows_without_a_reason_are_counted_over_batches() -> None:
    tally = make_tally()
    for reasons in (["Age +4.2", "", None], ["", "BMI -0.3", "Age +1.0"]):
        table = scored([0.1] * 3, ["low"] * 3)
        tally.add(table.append_column("reason_1", pa.array(reasons, pa.string())))
    assert tally.n_unreasoned == 3
    tally.add(scored([0.1] * 3, ["low"] * 3))  # no reasons were asked for
    assert tally.n_unreasoned == 3


def test_batches_count_as_one_table() -> None:
    risks = [number / 100 for number in range(100)]
    names = ["low"] * 50 + ["high"] * 50
    whole, parts = make_tally(), make_tally()
    whole.add(scored(risks, names))
    for start in range(0, 100, 7):
        parts.add(scored(risks[start : start + 7], names[start : start + 7]))
    assert parts.describe() == whole.describe()
    assert whole.describe() == [
        f"mean risk_10y: {100 * sum(risks) / 100:.1f} %",
        "risk_10y: 10 % of them below 9.1 %, half below 49.1 %, 90 % below 89.1 %",
        "categories: low 50, high 50",
    ]


def test_risk_without_categories_counts_none_and_says_why() -> None:
    tally = make_tally()
    tally.add(scored([0.1] * 30, [None] * 30))
    tally.years = (3.0,)
    tally.categories_at = 10.0
    assert tally.describe()[-1] == (
        "no categories: they are of the 10-year risk, and the last horizon is 3 years"
    )


def test_fewer_than_twenty_patients_are_not_described() -> None:
    tally = make_tally()
    tally.add(scored([0.1] * 19, ["low"] * 19))
    assert tally.describe() == []


def test_a_small_category_hides_a_second_one_so_that_none_can_be_worked_out() -> None:
    tally = make_tally()
    tally.add(scored([0.1] * 64, ["low"] * 50 + ["middle"] * 10 + ["high"] * 4))
    assert tally.describe()[-1] == "categories: low 50, middle few, high few"


def test_what_is_missing_is_told_by_name_over_all_batches() -> None:
    tally = make_tally()
    tally.add(scored([0.1] * 30, ["low"] * 30, "bmi"))
    tally.add(scored([0.1] * 12, ["low"] * 12, "age; bmi"))
    tally.add(scored([], []))
    assert tally.describe_missing() == (
        "all lack Body mass index, and 12 of 42 lack others, most often Age (12)"
    )


def test_a_column_is_empty_only_if_nobody_has_a_value_and_the_source_has_it() -> None:
    tally = make_tally()
    assert not list(tally.empty)
    tally.add(scored([0.1] * 30, ["low"] * 30, "age; bmi"))
    assert not list(tally.empty)
    tally.given = ("bmi",)
    assert list(tally.empty) == ["Body mass index"]
    tally.add(scored([0.1], ["low"], "age"))
    assert not list(tally.empty)


def test_categories_are_told_in_the_order_of_risk() -> None:
    tally = make_tally()
    tally.add(scored([0.1] * 60, ["high"] * 20 + ["low"] * 15 + ["middle"] * 25))
    assert tally.describe()[-1] == "categories: low 15, middle 25, high 20"


def test_the_most_frequent_faults_of_rejects_are_told() -> None:
    tally = make_tally()
    assert tally.describe_rejects() == ""
    for rules in (["a", "b", "c"], ["d", "a", "b", "a"], ["e", "c"]):
        tally.add_rejects(pa.table({"rule": rules}))
    assert tally.n_rejected == 9
    assert tally.describe_rejects() == "a (3), b (2), c (2), others (2)"


def test_only_a_known_disagreement_counts() -> None:
    tally = make_tally()
    tally.add(scored([0.1] * 3, ["low"] * 3))
    assert tally.n_disagreeing == 1
    assert tally.n_compared == 2


def test_the_summary_says_of_how_many_a_published_score_has_a_risk() -> None:
    """No score at odds is another thing than no score to compare with."""
    plain = ScoreSummary(
        Path("r.csv"), Path("r.rejects.csv"), Path("r.schema.json"), "m", 40, 40, 0, "", False,
        (), (), (), False, (), (), 1.0, "none", (), 0, 0, 0, {"risk_8y": 0.1},
    )  # fmt: skip
    assert "published score" not in plain.describe()
    none, few, every = (replace(plain, n_compared=n).describe() for n in (0, 15, 40))
    assert "has no 8-year risk of them to compare with" in none and "at odds" not in none
    assert "0 at odds with the published score, which has a risk for 15 of them" in few
    assert "0 at odds with the published score\n" in every
