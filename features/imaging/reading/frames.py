"""The slices of DICOM images, single- or multi-frame, with the attributes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.array_types import FloatArray
from features.errors import ScanError


@dataclass(frozen=True)
class Frame:
    """A slice: the dataset that holds it, and its number in there, from 0."""

    dataset: Any
    number: int = 0

    def attribute(self, keyword: str) -> Any:
        """Value of an attribute, None where absent or empty.

        Looked for in the functional groups of the frame, then in the shared ones, then in the
        dataset itself, which is where single-frame images have it.
        """
        for group in self._groups():
            for element in group:
                if element.VR == "SQ" and element.value and keyword in element.value[0]:
                    return _filled(element.value[0].get(keyword))
        return _filled(self.dataset.get(keyword))

    def _groups(self) -> list[Any]:
        per_frame = self.dataset.get("PerFrameFunctionalGroupsSequence") or []
        shared = self.dataset.get("SharedFunctionalGroupsSequence") or []
        own = [per_frame[self.number]] if self.number < len(per_frame) else []
        return [*own, *shared]

    def numbers(self, keyword: str, count: int) -> FloatArray:
        """Value of an attribute as ``count`` numbers. Raises ScanError naming the attribute."""
        value = self.attribute(keyword)
        try:
            numbers = np.array(value, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            numbers = np.zeros(0)
        if value is None or numbers.size != count or not np.isfinite(numbers).all():
            raise ScanError(f"a slice lacks a valid {keyword}. Export the series again")
        return numbers

    def number_or_none(self, keyword: str) -> float | None:
        """Value of an attribute as a number; None where it is absent or none."""
        try:
            return float(self.attribute(keyword))
        except (TypeError, ValueError):
            return None

    def text(self, keyword: str) -> str | None:
        """Value of an attribute as text; several joined by a backslash, as DICOM writes them."""
        value = self.attribute(keyword)
        if value is None:
            return None
        many = value if not isinstance(value, str) and hasattr(value, "__iter__") else [value]
        return "\\".join(str(one) for one in many).strip() or None


def frames_of(dataset: Any) -> list[Frame]:
    """The frames of an image, in the order of its pixels."""
    count = int(dataset.get("NumberOfFrames") or 1)
    return [Frame(dataset, number) for number in range(count)]


def _filled(value: Any) -> Any:
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        return None
    return value
