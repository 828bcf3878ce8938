from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scoring.repeats import find_repeats, make_keys


@given(st.lists(st.text(max_size=20), max_size=30))
@settings(deadline=None)
def test_equal_texts_and_no_others_have_equal_keys(texts: list[str]) -> None:
    plain = [text.encode("utf-8", "replace").decode() for text in texts]
    keys = make_keys(pd.Series(plain, dtype="str"))
    assert len({tuple(key) for key in keys.tolist()}) == len(set(plain))


def test_a_text_has_the_same_key_in_any_company() -> None:
    whole = pd.Series(["a", "Müller", "a\0", "", "P0001", "P0002", "x" * 400], dtype="str")
    for short in (whole.iloc[:6], whole.iloc[4:6], whole.iloc[1:2]):
        expected = make_keys(whole.iloc[:6])[[list(whole).index(text) for text in short]]
        assert make_keys(short).tolist() == expected.tolist()


@pytest.mark.parametrize("bucket_rows", [1000, 100, 7])
def test_repeats_are_found_however_keys_are_dealt(tmp_path: Path, bucket_rows: int) -> None:
    rng = np.random.default_rng(3)
    texts = [f"P{number}" for number in rng.integers(0, 700, 500)]
    counts = Counter(texts)
    pieces = [make_keys(pd.Series(texts[i : i + 60], dtype="str")) for i in range(0, 500, 60)]
    found = find_repeats(pieces, 500, tmp_path, bucket_rows)
    assert found.tolist() == [counts[text] > 1 for text in texts]
    assert [path.name for path in tmp_path.iterdir()] == ["repeated.npy"]


def test_nobody_is_repeated_among_none(tmp_path: Path) -> None:
    assert find_repeats([], 0, tmp_path).tolist() == []
