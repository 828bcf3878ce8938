"""The reporting items of TRIPOD+AI, each answered, not applicable for a reason, or on no record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from features.yaml_file import read_yaml
from models.report.material import Material
from models.report.words import TEMPLATES

Status = Literal["answered", "in part", "not applicable", "nothing on record"]


@dataclass(frozen=True)
class Fact:
    """What only people can say, as they said it, or what is true while they have not."""

    name: str
    label: str
    text: str
    status: Status
    where: str


@dataclass(frozen=True)
class Item:
    """An item with the section that answers it and, where there is more to say, a note."""

    item: str
    part: str
    topic: str
    asks: str
    section: str
    status: Status
    note: str = ""


@cache
def read_checklist() -> Mapping[str, Any]:
    """checklist.yaml as it stands."""
    found: Mapping[str, Any] = read_yaml(TEMPLATES / "checklist.yaml")
    return found


def state_facts(material: Material) -> dict[str, Fact]:
    """Every fact by name: stated, not applicable to simulated patients, or on no record."""
    return {
        name: _state(name, given, material) for name, given in read_checklist()["facts"].items()
    }


def _state(name: str, given: Mapping[str, str], material: Material) -> Fact:
    label, where = given["label"], given["where"]
    stated = material.statements.get(name) or material.cohort.get("study", {}).get(name)
    if stated:
        return Fact(name, label, stated, "answered", where)
    if material.simulated and given["simulated"]:
        return Fact(name, label, given["simulated"], "not applicable", where)
    return Fact(name, label, given["silent"], "nothing on record", where)


def answer_items(material: Material) -> tuple[Item, ...]:
    """All 52 items in the order of the statement."""
    facts, flags = state_facts(material), read_flags(material)
    return tuple(_answer(entry, facts, flags, material) for entry in read_checklist()["items"])


def _answer(
    entry: Mapping[str, Any],
    facts: Mapping[str, Fact],
    flags: Mapping[str, bool],
    material: Material,
) -> Item:
    first = (entry["item"], entry["part"], entry["topic"], entry["asks"])
    if "fact" in entry:
        fact = facts[entry["fact"]]
        note = "" if fact.status == "answered" else fact.text
        return Item(*first, f"fact-{fact.name}", fact.status, note)
    if "only_if" in entry and not flags[entry["only_if"]]:
        return Item(*first, "checklist", "not applicable", _why_not(entry, material))
    lacking = [name for name in entry.get("needs", ()) if material.table(name).empty]
    note = f"not in this run: {', '.join(lacking)}" if lacking else ""
    return Item(*first, entry["section"], "in part" if lacking else "answered", note)


def _why_not(entry: Mapping[str, Any], material: Material) -> str:
    words = read_checklist()["modelled"]
    return str(entry["otherwise"]).format(
        outcome=words["fixed_horizon" if material.is_fixed_horizon else "times"],
        weighting=words["weighted" if material.is_weighted else "unweighted"],
    )


def read_flags(material: Material) -> dict[str, bool]:
    """What of the study decides whether an item applies."""
    return {
        "clusters": "sites" in material.design,
        "recalibrated": "recalibration" in material.external,
        "never": False,
    }


def items_by_section(items: tuple[Item, ...]) -> dict[str, tuple[str, ...]]:
    """The items that each section answers."""

    def numbers(section: str) -> Iterator[str]:
        return (one.item for one in items if one.section == section)

    return {section: tuple(numbers(section)) for section in {one.section for one in items}}
