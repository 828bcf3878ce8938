"""Sums over axes that may have no element, whatever lies in memory there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from features.array_types import FloatArray
from models.contraction import contract

MODELS = Path(__file__).parents[2] / "models"
SUBSCRIPTS = sorted(
    {
        found
        for file in MODELS.rglob("*.py")
        for found in re.findall(r'contract\(\s*"([^"]+)"', file.read_text(encoding="utf-8"))
    }
)


def operands_of(subscripts: str, sizes: dict[str, int]) -> Iterator[list[FloatArray]]:
    """Ones of these sizes; of those without an element every layout, NaN where they would begin."""
    memory = np.full(100, np.nan)
    layouts = []
    for axes in subscripts.split("->")[0].split(","):
        shape = tuple(sizes[axis] for axis in axes)
        layouts.append(
            [np.ones(shape)]
            if all(shape)
            else [as_strided(memory, shape, s) for s in product((0, 8, 24), repeat=len(shape))]
        )
    for operands in product(*layouts):
        yield list(operands)


def test_there_are_contractions_to_look_at() -> None:
    assert len(SUBSCRIPTS) > 8


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_a_sum_over_nothing_is_0_whatever_lies_in_memory(subscripts: str) -> None:
    axes = sorted(set(subscripts) - set(",->"))
    for numbers in product((0, 1, 3), repeat=len(axes)):
        sizes = dict(zip(axes, numbers, strict=True))
        output = subscripts.split("->")[1]
        summed = [sizes[axis] for axis in axes if axis not in output]
        for operands in operands_of(subscripts, sizes):
            found = contract(subscripts, *operands)
            assert found.shape == tuple(sizes[axis] for axis in output)
            assert (found == np.prod(summed)).all()


def test_where_there_is_something_to_sum_it_is_that_of_numpy() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(7, 5)), rng.normal(size=(5, 3))
    np.testing.assert_allclose(contract("nm,mk->nk", a, b), a @ b, atol=1e-12)
