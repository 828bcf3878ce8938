from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scoring.kept.repeats import Keys, find_repeats, make_keys


def keys_of(texts: list[str]) -> Keys:
    return make_keys(pa.chunked_array([pa.array(texts, pa.large_string())]))


@given(st.lists(st.text(max_size=20), max_size=30))
@settings(deadline=None)
def test_equal_texts_and_no_others_have_equal_keys(texts: list[str]) -> None:
    plain = [text.encode("utf-8", "replace").decode() for text in texts]
    keys = keys_of(plain)
    assert len({tuple(key) for key in keys.tolist()}) == len(set(plain))


@given(st.lists(st.text(max_size=40) | st.text(min_size=250, max_size=300), max_size=12))
@settings(deadline=None)
def test_a_text_has_the_same_key_in_any_company(texts: list[str]) -> None:
    plain = [text.encode("utf-8", "replace").decode() for text in texts]
    together = keys_of(plain)
    for text, key in zip(plain, together, strict=True):
        assert keys_of([text]).tolist() == [key.tolist()]


@pytest.mark.parametrize("longer", ["P12345678", "P" * 17, "P" * 300])
def test_a_repeat_is_found_in_a_batch_of_longer_identifiers(tmp_path: Path, longer: str) -> None:
    pieces = [keys_of(["P1", "P2"]), keys_of([longer, "P1"])]
    assert find_repeats(pieces, 4, tmp_path).tolist() == [True, False, False, True]


def test_a_piece_of_a_longer_table_has_the_same_keys() -> None:
    texts = pa.chunked_array([["a", "bb"], ["ccc", "dddd"]], pa.large_string())
    assert make_keys(texts.slice(1, 2)).tolist() == keys_of(["bb", "ccc"]).tolist()


@pytest.mark.parametrize("bucket_rows", [1000, 100, 7])
def test_repeats_are_found_however_keys_are_dealt(tmp_path: Path, bucket_rows: int) -> None:
    rng = np.random.default_rng(3)
    texts = [f"P{number}" for number in rng.integers(0, 700, 500)]
    counts = Counter(texts)
    pieces = [keys_of(texts[i : i + 60]) for i in range(0, 500, 60)]
    found = find_repeats(pieces, 500, tmp_path, bucket_rows)
    assert found.tolist() == [counts[text] > 1 for text in texts]
    assert [path.name for path in tmp_path.iterdir()] == ["repeated.npy"]


def test_nobody_is_repeated_among_none(tmp_path: Path) -> None:
    assert find_repeats([], 0, tmp_path).tolist() == []
