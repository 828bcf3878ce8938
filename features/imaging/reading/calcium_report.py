"""Calcium scores that others measured, from DICOM structured reports: by code, never by text.

A number is what its codes say: coronary artery calcium score (SCT 450360000, SRT F-F3012) with a
method of calculation (DCM 112055 Agatston, 112056 volume, 112057 mass) and a unit. Some vendors
call a volume "calcium score"; without a method the unit must settle what it is. What is not
understood is listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import ScanError
from features.imaging.reading.dicom_files import open_dicom
from features.imaging.reading.masks.label_map import LabelMap
from features.imaging.reading.untrusted import refusing_nonsense

CALCIUM_SCORE = frozenset({"SCT 450360000", "SRT F-F3012"})
METHODS = {
    "DCM 112055": "cac_agatston",
    "DCM 112056": "cac_volume",
    "DCM 112057": "cac_mass",
}
# UCUM units of each, and what turns them into the dictionary's.
UNITS = {
    "cac_agatston": {"1": 1.0, "{score}": 1.0, "[AU]": 1.0, "{Agatston}": 1.0},
    "cac_volume": {"mm3": 1.0, "cm3": 1000.0, "ml": 1000.0, "mL": 1000.0},
    "cac_mass": {"mg": 1.0, "g": 1000.0, "ug": 0.001},
}
_FINDING_SITES = frozenset({"SCT 363698007", "SRT G-C0E3"})
# Sites that mean all coronary arteries.
_ALL_ARTERIES = frozenset({"SCT 41801008", "SRT T-43000", "SCT 80891009", "SRT T-32000"})


@dataclass(frozen=True)
class CalciumReport:
    """``values``: dictionary variables in their units; ``not_understood``: codes and why."""

    values: dict[str, float] = field(default_factory=dict)
    not_understood: tuple[str, ...] = ()


@refusing_nonsense
def read_calcium_report(path: Path) -> CalciumReport:
    """The calcium scores of a structured report (TID 1500 or CT cardiovascular templates).

    Raises ScanError where the file is no structured report, or gives one variable two values.
    """
    dataset = open_dicom(path)
    if dataset is None or "ContentSequence" not in dataset:
        raise ScanError("the file is no DICOM structured report")
    labels, values, unknown = LabelMap.load(), dict[str, float](), list[str]()
    for item, sites in _numbers(dataset, ()):
        if _code(item.get("ConceptNameCodeSequence")) not in CALCIUM_SCORE:
            unknown.append(f"number of concept {_code(item.get('ConceptNameCodeSequence'))}")
            continue
        read = _understand(item, sites, labels)
        if isinstance(read, str):
            unknown.append(read)
            continue
        name, value = read
        if values.setdefault(name, value) != value:
            raise ScanError(f"the report gives two values of {name}. Read it by eye")
    return CalciumReport(values, tuple(dict.fromkeys(unknown)))


def _numbers(node: Any, sites: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Every number below a node, with the finding sites that hold for it, innermost first."""
    children = node.get("ContentSequence") or []
    own = tuple(_values(children, _FINDING_SITES))
    for child in children:
        here = own or sites
        if child.get("ValueType") == "NUM":
            inner = tuple(_values(child.get("ContentSequence") or [], _FINDING_SITES))
            yield child, inner or here
        yield from _numbers(child, here)


def _values(children: Any, names: frozenset[str] | None = None) -> list[str]:
    """Codes of the children whose name is one of these; of all without names."""
    return [
        _code(child.get("ConceptCodeSequence"))
        for child in children
        if child.get("ValueType") == "CODE"
        and (names is None or _code(child.get("ConceptNameCodeSequence")) in names)
    ]


def _understand(item: Any, sites: tuple[str, ...], labels: LabelMap) -> tuple[str, float] | str:
    """The variable and its value, or why the number is not understood."""
    measured = item.get("MeasuredValueSequence") or []
    if len(measured) != 1 or measured[0].get("NumericValue") is None:
        return "calcium score without a value"
    unit = _unit(measured[0])
    methods = {
        METHODS[code] for code in _values(item.get("ContentSequence") or []) if code in METHODS
    }
    if not methods:
        # a unit of volume or mass tells what it is; a bare number may be any of the three
        methods = {name for name in ("cac_volume", "cac_mass") if unit in UNITS[name]}
    if len(methods) != 1:
        return f"calcium score of unit {unit} without one method of calculation"
    name = methods.pop()
    if unit not in UNITS[name]:
        return f"{name} in unit {unit}"
    vessel = _vessel(sites, labels)
    if vessel is None:
        return f"{name} at finding site {', '.join(sites)}"
    if vessel and name != "cac_agatston":
        return f"{name} of one vessel: the dictionary has it of all together"
    value = float(measured[0].NumericValue) * UNITS[name][unit]
    return (f"{name}_{vessel}" if vessel else name), value


def _vessel(sites: tuple[str, ...], labels: LabelMap) -> str | None:
    """Vessel of the finding sites; empty for all arteries together, None where not understood."""
    if not sites or set(sites) <= _ALL_ARTERIES:
        return ""
    found = {labels.structure([], [site]) for site in sites}
    return found.pop() if len(found) == 1 else None


def _unit(measured: Any) -> str:
    codes = measured.get("MeasurementUnitsCodeSequence") or []
    return str(codes[0].get("CodeValue")) if codes else "none"


def _code(sequence: Any) -> str:
    if not sequence:
        return "none"
    one = sequence[0]
    return f"{one.get('CodingSchemeDesignator')} {one.get('CodeValue')}"
