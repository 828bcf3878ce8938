"""The rules that lesions are measured by: every choice, its default and its name in the record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from features.errors import ConfigError

RULERS = ("centres", "edges")
SLICE_NEIGHBOURS = (4, 8)
LESION_NEIGHBOURS = (6, 18, 26)

# What lies at or above each limit in HU counts 1, 2, 3, 4 times its area.
# Source: Agatston AS et al. J Am Coll Cardiol 1990;15:827-832.
WEIGHT_FROM_HU = (130.0, 200.0, 300.0, 400.0)
# The density bands of the dictionary; Han D et al. JACC Adv 2025 join the second and third.
BAND_FROM_HU = WEIGHT_FROM_HU
# Calcium hydroxyapatite, mg/cm3, from which a voxel belongs to the calibrated volume.
# Source: McCollough CH et al. Radiology 2007;243:527-538 (not read; the usual convention).
CALIBRATED_FROM_MG_CM3 = 100.0


@dataclass(frozen=True)
class MeasuringRules:
    """How lesions are measured. The defaults are Agatston's score as it is reported today.

    ``threshold_hu``: a voxel of the mask is calcified from here. ``minimum_area_mm2``: smaller
    connected areas of one slice are not scored. ``reference_spacing_mm``: the score is multiplied
    by slice spacing over this. ``slice_neighbours``: what connects pixels of a slice, 4 or 8.
    ``lesion_neighbours``: what connects voxels to a lesion, 6, 18 or 26. ``ruler``: length is the
    greatest distance between the centres of two voxels, or between their outer edges.
    ``hu_factor``: Hounsfield units times this are those of a 120 kVp scan.

    Raises ConfigError where a rule makes no sense.
    """

    threshold_hu: float = 130.0
    minimum_area_mm2: float = 1.0
    reference_spacing_mm: float = 3.0
    slice_neighbours: int = 8
    lesion_neighbours: int = 26
    ruler: str = "centres"
    hu_factor: float = 1.0

    def __post_init__(self) -> None:
        """Raises ConfigError naming the rule."""
        for name in ("threshold_hu", "reference_spacing_mm", "hu_factor"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: must be above 0")
        if not self.minimum_area_mm2 >= 0:
            raise ConfigError("minimum_area_mm2: must be 0 or above")
        allowed: dict[str, tuple[Any, ...]] = {
            "slice_neighbours": SLICE_NEIGHBOURS,
            "lesion_neighbours": LESION_NEIGHBOURS,
            "ruler": RULERS,
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ConfigError(f"{name}: must be one of {', '.join(map(str, values))}")

    def record(self) -> dict[str, Any]:
        """Every choice by name, as the sidecar holds it."""
        return {
            **asdict(self),
            "weight_from_hu": list(WEIGHT_FROM_HU),
            "weight_by": "peak of each connected area in its slice",
            "calibrated_from_mg_cm3": CALIBRATED_FROM_MG_CM3,
            "resampling": "none",
            "rounding": "none before the table is written",
        }
