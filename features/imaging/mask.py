"""A mask: which voxels belong to which vessel, and what else was outlined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray
from features.derivation.calcium import VESSELS

Labels = npt.NDArray[np.uint8]
MOST_STRUCTURES = 250


@dataclass(frozen=True)
class Mask:
    """``labels``, (slices, rows, columns): 0 for nothing, i for ``structures[i - 1]``.

    The first four structures are the vessels lm, lad, lcx, rca; others, as an aorta, are kept
    apart. ``overlap``: voxels that two structures claim; None where there are none. ``warnings``:
    of the reader.
    """

    labels: Labels
    structures: tuple[str, ...] = VESSELS
    overlap: BoolArray | None = None
    warnings: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[str, ...]:
        """Structures that are no coronary vessel."""
        return self.structures[len(VESSELS) :]

    def of(self, structure: str) -> BoolArray:
        """Voxels of a vessel or other structure, (slices, rows, columns)."""
        return np.asarray(self.labels == self.structures.index(structure) + 1)


class MaskBuilder:
    """Collects the parts of a mask one by one and notices where two structures overlap."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._labels: Labels = np.zeros(shape, dtype=np.uint8)
        self._structures = list(VESSELS)
        self._overlap: BoolArray | None = None

    def add(self, structure: str, where: tuple[int | slice, ...], part: BoolArray) -> None:
        """Add voxels of a structure: ``part``, true or false, laid over ``labels[where]``."""
        if structure not in self._structures:
            self._structures.append(structure)
        code = self._structures.index(structure) + 1
        labels = self._labels[where]
        claimed = part & (labels > 0) & (labels != code)
        if claimed.any():
            if self._overlap is None:
                self._overlap = np.zeros(self._labels.shape, dtype=bool)
            self._overlap[where] |= claimed
        labels[part] = code

    def build(self, warnings: Iterable[str] = ()) -> Mask:
        """The mask of all parts."""
        return Mask(self._labels, tuple(self._structures), self._overlap, tuple(warnings))
