"""The measuring agrees with a slow, plain second implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.derivation.calcium import VESSELS
from features.imaging.mask import Mask
from features.imaging.measuring.measurement import measure_lesions
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.scan import Grid, Scan
from tests.features.imaging.slow_measuring import measure_slowly

SIZES = st.sampled_from((0.25, 0.4, 0.5, 0.7, 1.0))


GENERATED = {
    "seed": st.integers(0, 2**32 - 1),
    "shape": st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(1, 7)),
    "voxel_mm": st.tuples(st.sampled_from((0.5, 1.5, 2.5, 3.0)), SIZES, SIZES),
    "calcified": st.floats(0.02, 0.6),
}
Triple = tuple[float, float, float]


@settings(max_examples=60, deadline=None)
@given(**GENERATED)
def test_generated_scans_agree_with_the_second_implementation(
    seed: int, shape: tuple[int, int, int], voxel_mm: Triple, calcified: float
) -> None:
    compare(seed, shape, voxel_mm, calcified)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(**GENERATED)
def test_500_generated_scans_agree_with_the_second_implementation(
    seed: int, shape: tuple[int, int, int], voxel_mm: Triple, calcified: float
) -> None:
    compare(seed, shape, voxel_mm, calcified)


def compare(seed: int, shape: tuple[int, int, int], voxel_mm: Triple, calcified: float) -> None:
    rng = np.random.default_rng(seed)
    dense = rng.choice([129, 130, 199, 200, 250, 299, 300, 399, 400, 900], shape)
    hu = np.where(rng.random(shape) < calcified, dense, 50).astype(np.float32)
    labels = rng.integers(0, 3, shape).astype(np.uint8)
    scan = Scan(hu, Grid.upright(shape, voxel_mm))
    measured = measure_lesions(scan, Mask(labels), MeasuringRules()).lesions
    for code, vessel in enumerate(VESSELS, 1):
        inside = {tuple(map(int, v)): float(hu[tuple(v)]) for v in np.argwhere(labels == code)}
        expected = measure_slowly(inside, voxel_mm)  # type: ignore[arg-type]
        own = measured[measured["vessel"] == vessel]
        assert len(own) == len(expected)
        if expected:
            columns = list(expected[0])
            rows = sorted(own[columns].round(9).itertuples(index=False, name=None))
            slow = sorted(tuple(round(value, 9) for value in row.values()) for row in expected)
            np.testing.assert_allclose(rows, slow, rtol=1e-6)


@pytest.mark.parametrize("ruler", ["centres", "edges"])
def test_the_length_is_the_greatest_of_all_distances(ruler: str) -> None:
    rng = np.random.default_rng(3)
    hu = np.where(rng.random((4, 9, 9)) < 0.35, 300, 0).astype(np.float32)
    scan = Scan(hu, Grid.upright(hu.shape, (2.0, 0.6, 0.8)))
    mask = Mask(np.ones(hu.shape, dtype=np.uint8))
    rules = MeasuringRules(ruler=ruler, minimum_area_mm2=0)
    length = measure_lesions(scan, mask, rules).lesions["length"].max()
    ends = np.argwhere(hu > 0) * np.array([2.0, 0.6, 0.8])
    whole = np.linalg.norm(ends[:, None] - ends[None], axis=2).max()
    assert length >= whole - 2.5 if ruler == "centres" else length >= whole
