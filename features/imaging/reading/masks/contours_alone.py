"""Scores of annotated contours without their scan: each outlines one lesion in one slice.

What a contour encloses counts as calcified, and its peak is what the annotating program measured
(``Max``), so that such a score stands on the reader's line alone. It says nothing of density bands,
volume of voxels or lesions across slices.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from features.derivation.calcium import VESSELS
from features.errors import ScanError
from features.imaging.measuring.agatston import density_weight
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.reading.masks.coca import Outline, read_outlines
from features.imaging.reading.masks.contours import area
from features.imaging.reading.masks.label_map import LabelMap
from features.imaging.reading.untrusted import refusing_nonsense


@refusing_nonsense
def score_contours(
    path: Path, labels: LabelMap, spacing_mm: float, rules: MeasuringRules
) -> dict[str, float]:
    """Agatston score in all and by vessel, as dictionary variables.

    ``spacing_mm``: of the slices, which the file does not hold. Raises ScanError where a contour
    lacks its peak or its points in mm, or names an unknown vessel.
    """
    outlines, _ = read_outlines(path)
    structures = labels.all_structures({one.name: ((one.name,), ()) for one in outlines})
    lacking = sum(one.peak_hu is None or len(one.mm) != len(one.points) for one in outlines)
    if lacking:
        raise ScanError(
            f"{lacking} contours lack Max or Point_mm, without which they need their scan"
        )
    scores = {
        f"cac_agatston_{vessel}": _score(
            (one for one in outlines if structures[one.name] == vessel), spacing_mm, rules
        )
        for vessel in VESSELS
    }
    return {"cac_agatston": sum(scores.values()), **scores}


def _score(outlines: Iterable[Outline], spacing_mm: float, rules: MeasuringRules) -> float:
    total = 0.0
    for one in outlines:
        size, peak = area(one.mm[:, :2]), float(one.peak_hu or 0.0) * rules.hu_factor
        if size >= rules.minimum_area_mm2 and peak >= rules.threshold_hu:
            weight = float(density_weight(np.array([peak]))[0])
            total += size * weight * spacing_mm / rules.reference_spacing_mm
    return total
