"""What a cohort map says of scans after the first: when, what they showed, how they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from features.cohort_map.entries import TIME_UNITS, ValueSource
from features.cohort_map.section import Section

SETTINGS = ("scanner", "slice_mm", "kilovolts")
SCORE = "cac_agatston"
LATER_SCAN_KEYS = (*TIME_UNITS, "variables", *SETTINGS)


@dataclass(frozen=True)
class ScanSettings:
    """Columns with the scanner, the slice thickness in mm and the tube voltage in kV, if known."""

    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, where: str, content: Any) -> ScanSettings:
        """Read ``{scanner: CT1, slice_mm: SLICE1, kilovolts: KV1}``."""
        return cls.take(Section(where, content, SETTINGS))

    @classmethod
    def take(cls, part: Section) -> ScanSettings:
        """The settings in a mapping that may hold more."""
        return cls({key: part.required(key) for key in SETTINGS if key in part})


@dataclass(frozen=True)
class LaterScan:
    """One later scan: ``time`` is its column, in ``unit`` since entry, or a date.

    ``variables``: dictionary variables of calcium and morphology, the total score among them.
    """

    time: str
    unit: str
    variables: Mapping[str, ValueSource]
    settings: ScanSettings = field(default_factory=ScanSettings)

    @classmethod
    def read(cls, where: str, content: Any) -> LaterScan:
        """Read ``{years: T2, variables: {cac_agatston: CAC2, cac_volume: VOL2}, scanner: CT2}``.

        One of ``years``, ``months``, ``weeks``, ``days`` since entry, or ``date``.
        """
        part = Section(where, content, LATER_SCAN_KEYS)
        units = [unit for unit in TIME_UNITS if unit in part]
        if len(units) != 1:
            part.fail(f"needs exactly one of {', '.join(TIME_UNITS)}: the column with its time")
        variables = {
            name: ValueSource.read(f"{where}.variables.{name}", source)
            for name, source in part.mapping("variables").items()
        }
        if SCORE not in variables:
            part.fail(f"'variables' must name {SCORE}: without a score it is no scan")
        return cls(part.required(units[0]), units[0], variables, ScanSettings.take(part))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column of the scan, each once."""
        of_values = (column for source in self.variables.values() for column in source.columns)
        return tuple(dict.fromkeys((self.time, *of_values, *self.settings.columns.values())))


def columns_of(scans: Iterable[LaterScan]) -> tuple[str, ...]:
    """Every source column of the scans, each once."""
    return tuple(dict.fromkeys(column for scan in scans for column in scan.columns))
