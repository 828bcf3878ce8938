from __future__ import annotations

import pandas as pd

from pipeline.scoring.tally import Tally


def scored(risks: list[float], categories: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "risk_10y": risks,
            "risk_category": categories,
            "missing_inputs": 0,
            "outside_training": "",
            "imputed_cac": 0,
        }
    )


def test_batches_count_as_one_table() -> None:
    risks = [number / 100 for number in range(100)]
    names = ["low"] * 50 + ["high"] * 50
    whole, parts = Tally((10.0,)), Tally((10.0,))
    whole.add(scored(risks, names))
    for start in range(0, 100, 7):
        parts.add(scored(risks[start : start + 7], names[start : start + 7]))
    assert parts.describe() == whole.describe()
    assert whole.describe() == [
        f"mean risk_10y: {100 * sum(risks) / 100:.1f} %",
        "risk_10y of 10, 50 and 90 % of them: below 9.1, 49.1 and 89.1 %",
        "categories: low 50, high 50",
    ]


def test_fewer_than_twenty_patients_are_not_described() -> None:
    tally = Tally((10.0,))
    tally.add(scored([0.1] * 19, ["low"] * 19))
    assert tally.describe() == []


def test_a_small_category_hides_a_second_one_so_that_none_can_be_worked_out() -> None:
    tally = Tally((10.0,))
    tally.add(scored([0.1] * 64, ["low"] * 50 + ["middle"] * 10 + ["high"] * 4))
    assert tally.describe()[-1] == "categories: low 50, middle few, high few"
