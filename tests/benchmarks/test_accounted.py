"""The rows and records of benchmarks/robustness, fewer of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.robustness.accounted import account
from benchmarks.robustness.defects import make_records, make_rows


def test_rows_and_records_of_a_seed_are_the_same_and_have_every_defect() -> None:
    made = make_rows(2000, random.Random("1"))
    assert made == make_rows(2000, random.Random("1"))
    assert len({one.defect for one in made}) == 11
    records = make_records(500, random.Random("1"))
    assert records == make_records(500, random.Random("1"))
    assert {None, "scored"} == set(records.ends.values())


@pytest.mark.slow
def test_every_row_and_record_is_scored_or_rejected_once_and_scored_as_if_alone(
    model_folder: Path, tmp_path: Path
) -> None:
    done = account(model_folder, 2000, 7, tmp_path)
    assert done.findings == []
    assert done.ends.total() >= 2000
    assert min(done.compared[form] for form in ("csv", "parquet", "records", "served")) > 10
