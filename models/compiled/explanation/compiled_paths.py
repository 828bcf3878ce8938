"""The loops of `compiled` along the paths from strata to patients, for numba and two causes.

Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.compilation import compiled
from models.explanation.path_average import (
    LARGEST_RESIDUAL,
    N_NODES_LATTICE,
    STEP,
    Lattice,
    interpolate,
)

Integers = npt.NDArray[np.int64]


def interpolate_compiled(lattice: Lattice, margins: FloatArray, centres: FloatArray) -> FloatArray:
    """As `path_average.interpolate`; with one cause there is nothing to gain."""
    if centres.shape[1] != 2:
        return interpolate(lattice, margins, centres)
    low, width = lattice.low.astype(np.float64), int(lattice.shape[1])
    places = np.full(len(lattice.gradients), -1, np.int64)
    scaled = margins / STEP
    mark(scaled, low, width, places)
    cells = np.flatnonzero(places == 0)
    places[cells] = np.arange(len(cells))
    vertices = np.stack(np.divmod(cells, width), axis=1) + low
    nodes, shares = np.polynomial.legendre.leggauss(N_NODES_LATTICE)
    found = np.empty((len(cells), *centres.shape))
    integrate(
        lattice.gradients, width, low, vertices, centres / STEP, (nodes + 1) / 2, shares / 2, found
    )
    averages = np.zeros((len(margins), centres.size))
    interpolate_rows(places, width, low, found.reshape(len(cells), -1), scaled, averages)
    return averages.reshape(len(margins), *centres.shape)


def close_compiled(
    averages: FloatArray, margins: FloatArray, centres: FloatArray, rises: FloatArray
) -> npt.NDArray[np.bool_]:
    """As `path_average.close_averages`."""
    too_far = np.zeros(len(margins), np.bool_)
    close(averages, margins, centres, rises, too_far)
    return too_far


@compiled()
def mark(scaled: FloatArray, low: FloatArray, width: int, places: Integers) -> None:
    """Set ``places`` to 0 at the 16 points about each of (n, 2)."""
    for n in range(len(scaled)):
        x, y = scaled[n, 0] - low[0], scaled[n, 1] - low[1]
        row = (np.int64(np.floor(x)) - 1) * width + np.int64(np.floor(y)) - 1
        for i in range(4):
            for j in range(4):
                places[row + i * width + j] = 0


@compiled()
def weigh_points(t: float) -> tuple[float, float, float, float]:
    """Weights of the points at -1, 0, 1 and 2 in the cubic through them (Lagrange), at ``t``."""
    return (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )


@compiled()
def integrate(
    gradients: FloatArray,
    width: int,
    low: FloatArray,
    vertices: FloatArray,
    centres: FloatArray,
    nodes: FloatArray,
    shares: FloatArray,
    found: FloatArray,
) -> None:
    """Path averages (v, s, 2) to vertices (v, 2); all in steps of the lattice."""
    for v in range(len(vertices)):
        for s in range(len(centres)):
            first = second = 0.0
            for q in range(len(nodes)):
                x = centres[s, 0] + nodes[q] * (vertices[v, 0] - centres[s, 0]) - low[0]
                y = centres[s, 1] + nodes[q] * (vertices[v, 1] - centres[s, 1]) - low[1]
                a, b = np.floor(x), np.floor(y)
                t, u = x - a, y - b
                along, across = weigh_points(t), weigh_points(u)
                row = (np.int64(a) - 1) * width + np.int64(b) - 1
                for i in range(4):
                    for j in range(4):
                        weight = shares[q] * along[i] * across[j]
                        first += weight * gradients[row + i * width + j, 0]
                        second += weight * gradients[row + i * width + j, 1]
            found[v, s, 0] = first
            found[v, s, 1] = second


@compiled()
def interpolate_rows(
    places: Integers,
    width: int,
    low: FloatArray,
    vertices: FloatArray,
    margins: FloatArray,
    averages: FloatArray,
) -> None:
    """Averages (n, s * 2) at margins (n, 2) from those at vertices (v, s * 2)."""
    for n in range(len(margins)):
        x, y = margins[n, 0] - low[0], margins[n, 1] - low[1]
        a, b = np.floor(x), np.floor(y)
        t, u = x - a, y - b
        along, across = weigh_points(t), weigh_points(u)
        row = (np.int64(a) - 1) * width + np.int64(b) - 1
        for i in range(4):
            for j in range(4):
                weight = along[i] * across[j]
                v = places[row + i * width + j]
                for c in range(averages.shape[1]):
                    averages[n, c] += weight * vertices[v, c]


@compiled()
def close(
    averages: FloatArray,
    margins: FloatArray,
    centres: FloatArray,
    rises: FloatArray,
    too_far: npt.NDArray[np.bool_],
) -> None:
    """As `path_average.close_averages`."""
    n, n_strata, k = averages.shape
    for i in range(n):
        for s in range(n_strata):
            residual, length, distance = rises[i, s], 0.0, 0.0
            for cause in range(k):
                step = margins[i, cause] - centres[s, cause]
                residual -= step * averages[i, s, cause]
                length += step * step
                distance += abs(step)
            if not abs(residual) <= LARGEST_RESIDUAL * max(distance, 1.0):
                too_far[i] = True
            if length > 1e-12:
                for cause in range(k):
                    step = margins[i, cause] - centres[s, cause]
                    averages[i, s, cause] += residual / length * step
