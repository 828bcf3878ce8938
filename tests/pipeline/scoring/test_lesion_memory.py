from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from pipeline.scoring.sources.lesion_memory import (
    BYTES_PER_CELL,
    estimate_cells,
    refuse_lack_of_memory,
)


@pytest.fixture(scope="module")
def lesions() -> pd.DataFrame:
    """40,000 lesions of seven columns, more than a mebibyte as text."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.lognormal(3, 1, (40_000, 6)).round(2))
    table.insert(0, "patient_id", [f"P{number // 7:06d}" for number in range(40_000)])
    return table.rename(columns=str)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz", ".parquet"])
def test_the_number_of_cells_is_known_before_the_table_is_read(
    lesions: pd.DataFrame, tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"lesions{ending}"
    text = lesions.to_csv(index=False, sep="\t" if ending == ".tsv" else ",").encode()
    if ending == ".parquet":
        lesions.to_parquet(file, index=False)
    else:
        file.write_bytes(gzip.compress(text) if ending == ".csv.gz" else text)
    assert estimate_cells(file) == pytest.approx(lesions.size, rel=0.05)


def test_a_table_that_memory_cannot_hold_is_refused_with_a_way_out(
    lesions: pd.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "lesions.csv"
    lesions.to_csv(file, index=False)
    refuse_lack_of_memory(file, free=2 * lesions.size * BYTES_PER_CELL)
    with pytest.raises(ConfigError, match=r"needs about 9 MiB, where 5 MiB.*in parts"):
        refuse_lack_of_memory(file, free=5 * 2**20)


def test_an_empty_file_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "lesions.csv").write_bytes(b"")
    assert estimate_cells(tmp_path / "lesions.csv") == 0
    refuse_lack_of_memory(tmp_path / "lesions.csv")
