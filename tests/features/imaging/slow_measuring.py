"""A second implementation of the measuring: voxel by voxel, slow and plain."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

Voxel = tuple[int, int, int]
Row = dict[str, float]


def flood(voxels: set[Voxel], touch: Callable[[Voxel, Voxel], bool]) -> list[set[Voxel]]:
    left, found = set(voxels), []
    while left:
        group, edge = set[Voxel](), [left.pop()]
        while edge:
            here = edge.pop()
            group.add(here)
            near = {other for other in left if touch(here, other)}
            left -= near
            edge += near
        found.append(group)
    return found


def in_slice(a: Voxel, b: Voxel) -> bool:
    return a[0] == b[0] and abs(a[1] - b[1]) <= 1 and abs(a[2] - b[2]) <= 1


def in_space(a: Voxel, b: Voxel) -> bool:
    return all(abs(i - j) <= 1 for i, j in zip(a, b, strict=True))


def weight(peak: float) -> int:
    if peak >= 400:
        return 4
    if peak >= 300:
        return 3
    return 2 if peak >= 200 else 1


def measure_slowly(hu: dict[Voxel, float], voxel_mm: tuple[float, float, float]) -> list[Row]:
    """Rows of the lesions of one vessel, of the voxels of its mask and their density."""
    spacing, height, width = voxel_mm
    calcified = {voxel for voxel, density in hu.items() if density >= 130}
    rows = []
    for lesion in flood(calcified, in_space):
        score = area = 0.0
        for patch in flood(lesion, in_slice):
            size = len(patch) * height * width
            if size >= 1 - 1e-6:
                score += size * weight(max(hu[voxel] for voxel in patch)) * spacing / 3
                area += size * spacing / 3
        if area > 0:
            rows.append({"agatston": score, "area": area, **shape(lesion, hu, voxel_mm)})
    return sorted(rows, key=lambda row: tuple(row.values()))


def shape(lesion: Iterable[Voxel], hu: dict[Voxel, float], mm: tuple[float, float, float]) -> Row:
    voxels = list(lesion)
    one = mm[0] * mm[1] * mm[2]
    return {
        "volume": len(voxels) * one,
        "mean_hu": sum(hu[v] for v in voxels) / len(voxels),
        "peak_hu": max(hu[v] for v in voxels),
        "length": max(
            math.dist(
                [i * s for i, s in zip(a, mm, strict=True)],
                [i * s for i, s in zip(b, mm, strict=True)],
            )
            for a in voxels
            for b in voxels
        ),
        "volume_130_199": sum(hu[v] < 200 for v in voxels) * one,
        "volume_400_plus": sum(hu[v] >= 400 for v in voxels) * one,
    }
