from __future__ import annotations

import pandas as pd
import pytest

from models.report.table import (
    Table,
    decimals_told,
    format_gain,
    format_interval,
    format_number,
    join_names,
    plain_table,
    write_markdown,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.7654, "0.765"), (-0.0001, "0.000"), (-1.5, "−1.500"), (float("nan"), "–"), ("<5", "<5")],
)
def test_numbers_are_written_as_a_reader_expects(value: object, shown: str) -> None:
    assert format_number(value, 3) == shown


def test_figures_are_written_with_the_digits_in_which_they_were_told() -> None:
    assert decimals_told([0.12, 0.1, float("nan")], 4) == 2
    assert decimals_told([0.2, 0.1], 4) == 1
    assert decimals_told([0.123456], 4) == 4


def test_an_interval_without_limits_is_the_estimate_alone() -> None:
    assert (
        format_interval(0.5, 0.4, 0.6, 2)
        == "0.50\n(0.40\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}0.60)"
    )
    assert format_interval(0.5, None, None, 2) == "0.50"


def test_a_gain_always_bears_its_sign_but_for_zero() -> None:
    assert (
        format_gain(0.02, -0.01, 0.0, 2)
        == "+0.02\n(−0.01\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}0.00)"
    )


def test_a_table_keeps_the_columns_it_knows_in_their_order() -> None:
    frame = pd.DataFrame({"b": [1234], "a": ["x"], "unknown": [1]})
    assert plain_table(frame, {"a": "A", "b": "B"}, ("a",)) == Table(
        ("A", "B"), (("x", "1,234"),), (0,)
    )


def test_markdown_has_one_line_per_row() -> None:
    assert write_markdown(Table(("A", "B"), (("x|y", "1\n(0 to 2)"),))) == (
        "| A | B |\n| --- | --- |\n| x\\|y | 1 (0 to 2) |"
    )


def test_names_fit_into_a_sentence() -> None:
    assert join_names(["a", "b", "c"]) == "a, b and c"
