"""How much risk one unit of each cause's margin is worth between a stratum and a patient.

Along the straight path from a stratum's mean margins to the patient's, the risk g changes by

    g(patient) - g(stratum) = sum over causes k of (difference of margin k) * A_k,
    A_k = integral over t in [0, 1] of dg/df_k at the point t of the way

(Aumann and Shapley 1974). Where hazards are those of ages, the path leads through the hazards of
the years to come as well (`path_of_ages`). A_k is found by Gauss-Legendre quadrature. What that
leaves of the equation, at most 1e-5, is closed by the smallest change of the A_k, so that it holds
exactly; with one cause A_1 is then the plain slope of the chord.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.errors import ModelError
from models.contraction import contract
from models.explanation.path_of_ages import integrate_over_ages
from models.risk.absolute_risk import CompetingRisksLink, Link
from models.risk.baseline import Baseline

Gradient = Callable[[FloatArray], FloatArray]

N_NODES = 8
N_NODES_LATTICE = 16
N_NODES_HARD = (32, 128)  # where margins lie so far apart that the curve bends more than once
LARGEST_RESIDUAL = 1e-5
# Beyond this many evaluations of the gradient a lattice is cheaper.
_DIRECT_EVALUATIONS = 20_000
STEP = 0.125
_REACH = 6.0  # in log hazard from the outermost strata
_CHUNK = 8_192


@dataclass(frozen=True)
class Lattice:
    """The gradient at the points ``STEP`` apart of a box: cell (i, j) lies at ``low + (i, j)``.

    ``gradients`` (cells, k), the last cause's coordinate running fastest.
    """

    low: npt.NDArray[np.int64]
    shape: npt.NDArray[np.int64]
    gradients: FloatArray

    def read(self, wanted: FloatArray) -> FloatArray:
        """The gradient (n, k) at points (n, k) within the box, cubic between the lattice's."""
        corners, weights = _surround(wanted / STEP)
        return contract("nc,nck->nk", weights, self.gradients[self.cells(corners)])

    def cells(self, corners: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Rows of ``gradients`` at these coordinates (..., k)."""
        strides = np.array([self.shape[1], 1] if len(self.shape) == 2 else [1])
        rows: npt.NDArray[np.int64] = (corners - self.low) @ strides
        return rows


OverAges = Callable[[Baseline, float, FloatArray, FloatArray, int], FloatArray]
Interpolate = Callable[[Lattice, FloatArray, FloatArray], FloatArray]
Close = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], npt.NDArray[np.bool_]]


def close_averages(
    averages: FloatArray, margins: FloatArray, centres: FloatArray, rises: FloatArray
) -> npt.NDArray[np.bool_]:
    """Make averages (n, s, k) fit the rises of risk (n, s), in place; True (n,) where too far."""
    steps = margins[:, None, :] - centres[None, :, :]
    residual = rises - (steps * averages).sum(axis=2)
    lengths = (steps**2).sum(axis=2)
    correction = np.divide(residual, lengths, out=np.zeros_like(residual), where=lengths > 1e-12)
    averages += correction[:, :, None] * steps
    allowed = LARGEST_RESIDUAL * np.maximum(np.abs(steps).sum(axis=2), 1.0)
    too_far: npt.NDArray[np.bool_] = (~(np.abs(residual) <= allowed)).any(axis=1)
    return too_far


def interpolate(lattice: Lattice, margins: FloatArray, centres: FloatArray) -> FloatArray:
    """Path averages (n, s, k) of margins within the lattice, cubic between its points.

    Its points do not depend on who else is explained. A contribution moves by about 0.0005
    percentage points.
    """
    corners, weights = _surround(margins / STEP)
    cells, position = np.unique(lattice.cells(corners), return_inverse=True)
    vertices = np.stack(np.unravel_index(cells, tuple(lattice.shape)), axis=1) + lattice.low
    points: FloatArray = vertices.astype(np.float64) * STEP
    flat = _integrate(lattice.read, points, centres, N_NODES_LATTICE)
    flat = flat.reshape(len(cells), -1)
    position = position.reshape(weights.shape)
    averages = np.zeros((len(margins), flat.shape[1]))
    for start in range(0, len(margins), _CHUNK):
        rows = slice(start, start + _CHUNK)
        for corner in range(weights.shape[1]):
            averages[rows] += weights[rows, corner, None] * flat[position[rows, corner]]
    return averages.reshape(len(margins), *centres.shape)


def average_gradients(
    link: Link,
    margins: FloatArray,
    centres: FloatArray,
    horizon: float,
    *,
    risk: FloatArray | None = None,
    interpolate: Interpolate = interpolate,
    close: Close = close_averages,
    over_ages: OverAges = integrate_over_ages,
) -> FloatArray:
    """Path averages (n, s, k) from the strata's mean margins (s, k) to margins (n, k).

    ``risk`` (n,) at the margins may be handed in where it is known, and compiled ways to
    ``interpolate``, to ``close`` and to integrate ``over_ages``. Raises ModelError where the link's
    gradient is not the derivative of its risk.
    """
    gradient: Gradient = partial(link.risk_gradient, horizon=horizon)
    integrate, of_ages = partial(_integrate, gradient), centres.shape[1] > link.n_causes
    if of_ages and isinstance(link, CompetingRisksLink):
        integrate = partial(over_ages, link.baseline, horizon)
    risk = link.risk(margins, [horizon])[:, 0] if risk is None else risk
    rises = risk[:, None] - link.risk(centres, [horizon])[:, 0]
    hard = np.zeros(len(margins), bool)
    if of_ages or len(margins) * len(centres) * N_NODES <= _DIRECT_EVALUATIONS:
        averages = integrate(margins, centres, N_NODES)
    else:
        hard = _out_of_reach(margins, centres)
        near = np.where(hard[:, None], centres[:1], margins)
        averages = interpolate(_tabulate(gradient, near, centres), near, centres)
    hard |= close(averages, margins, centres, rises)
    for n_nodes in N_NODES_HARD:
        wanted = np.flatnonzero(hard)
        for start in range(0, len(wanted), _CHUNK):
            rows = wanted[start : start + _CHUNK]
            exact = integrate(margins[rows], centres, n_nodes)
            hard[rows] = close(exact, margins[rows], centres, rises[rows])
            averages[rows] = exact
    if hard.any():
        raise ModelError("Risk cannot be explained: its gradient does not add up to its changes")
    return averages


def _out_of_reach(margins: FloatArray, centres: FloatArray) -> npt.NDArray[np.bool_]:
    """Patients (n,) too far from all strata for a lattice: a few such would make it huge."""
    below, above = centres.min(axis=0) - _REACH, centres.max(axis=0) + _REACH
    outside: npt.NDArray[np.bool_] = (~((margins >= below) & (margins <= above))).any(axis=1)
    return outside


def _integrate(
    gradient: Gradient, margins: FloatArray, centres: FloatArray, n_nodes: int
) -> FloatArray:
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    fractions, shares = (nodes + 1) / 2, weights / 2
    averages = np.empty((len(margins), *centres.shape))
    step = max(1, 16 * _CHUNK // (n_nodes * len(centres)))
    for start in range(0, len(margins), step):
        moves = margins[start : start + step, None, :] - centres
        points = centres + fractions[:, None, None, None] * moves
        found = gradient(points.reshape(-1, centres.shape[1])).reshape(points.shape)
        averages[start : start + step] = np.tensordot(shares, found, axes=1)
    return averages


def _tabulate(gradient: Gradient, margins: FloatArray, centres: FloatArray) -> Lattice:
    """The box about these points, wide enough for the neighbours of their neighbours."""
    points = np.concatenate([margins, centres])
    low = np.floor(points.min(axis=0) / STEP).astype(np.int64) - 3
    high = np.floor(points.max(axis=0) / STEP).astype(np.int64) + 4
    axes = [np.arange(first, last + 1) for first, last in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return Lattice(low, high - low + 1, gradient(grid * STEP))


def _surround(scaled: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """The 4^k lattice points about each point: coordinates (n, 4^k, k) and weights (n, 4^k)."""
    below = np.floor(scaled)
    weights = _cubic_weights(scaled - below)
    offsets = np.stack(np.meshgrid(*[np.arange(-1, 3)] * scaled.shape[1], indexing="ij"), axis=-1)
    offsets = offsets.reshape(-1, scaled.shape[1])
    corners = below.astype(np.int64)[:, None, :] + offsets[None, :, :]
    product = np.ones((len(scaled), len(offsets)))
    for cause in range(scaled.shape[1]):
        product *= weights[:, cause, :][:, offsets[:, cause] + 1]
    return corners, product


def _cubic_weights(t: FloatArray) -> FloatArray:
    """Lagrange's weights (..., 4) of the points -1, 0, 1, 2 at t in [0, 1)."""
    return np.stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ],
        axis=-1,
    )
