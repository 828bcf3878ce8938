"""Sums over shared axes that are 0 where there is nothing to sum."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray


def contract(subscripts: str, *operands: FloatArray) -> FloatArray:
    """`numpy.einsum` of subscripts with ``->``, and exactly 0 over an axis without an element.

    numpy reads one element of an operand that has none, and multiplies it by 0: mostly 0, but NaN
    where what happens to lie in memory there is (docs/decisions/0075).
    """
    if all(operand.size for operand in operands):
        return np.asarray(np.einsum(subscripts, *operands))  # noqa: TID251
    inputs, output = subscripts.split("->")
    sizes = {
        axis: size
        for axes, operand in zip(inputs.split(","), operands, strict=True)
        for axis, size in zip(axes, operand.shape, strict=True)
    }
    return np.zeros([sizes[axis] for axis in output])
