"""docs/maps.md names every key of a cohort map; its examples are read, its refusals refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from features.cohort_map import entries
from features.cohort_map.cohort_map import MAP_KEYS, STUDY_KEYS, CohortMap
from features.cohort_map.later_scans import LATER_SCAN_KEYS, SETTINGS
from features.cohort_map.own_variables import OWN_VARIABLE_KEYS
from features.cohort_map.survey_map import CASE_COHORT_KEYS, SURVEY_KEYS
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.map_check import check_map

PAGE = (Path(__file__).parents[1] / "docs" / "maps.md").read_text(encoding="utf-8")
ENDPOINT = {"unit": "days", "time": "T", "event": "MI"}
BASE: dict[str, Any] = {
    "name": "clinic",
    "file": "clinic.csv",
    "patient_id": "PID",
    "entry": "ENTRY",
    "variables": {"age": "YEARS"},
}
KEYS = {
    "map": MAP_KEYS,
    "variable": entries.SOURCE_KEYS,
    "own variable": OWN_VARIABLE_KEYS,
    "include": entries.INCLUSION_KEYS,
    "visit": entries.VISIT_KEYS,
    "survey": SURVEY_KEYS,
    "case cohort": CASE_COHORT_KEYS,
    "endpoint": entries.ENDPOINT_KEYS,
    "occurrence": entries.OCCURRENCE_KEYS,
    "lesions": entries.LESION_KEYS,
    "scan": SETTINGS,
    "later scan": tuple(key for key in LATER_SCAN_KEYS if key not in SETTINGS),
    "study": STUDY_KEYS,
}
PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "map": dict,
    "variable": lambda part: {"variables": {"systolic_bp": part}},
    "own variable": lambda part: {"own_variables": {"own": part}},
    "include": lambda part: {"include": [part]},
    "visit": lambda part: {"visit": part},
    "survey": lambda part: {"survey": part},
    "case cohort": lambda part: {"survey": {"case_cohort": part}},
    "endpoint": lambda part: {"endpoint": part},
    "occurrence": lambda part: {"endpoint": {**ENDPOINT, "event": part}},
    "lesions": lambda part: {"lesions": part},
    "scan": lambda part: {"first_scan": part},
    "later scan": lambda part: {"later_scans": [part]},
    "study": lambda part: {"study": part},
}


class Line(NamedTuple):
    section: str
    key: str
    example: str
    refused: str
    words: str


def _lines() -> Iterator[Line]:
    for name, table in re.findall(r"<!-- keys: ([\w ]+) -->\n((?:\|.*\n)+)", PAGE):
        for row in table.splitlines()[2:]:
            key, _, example, refusal = (cell.strip() for cell in row.strip("| ").split(" | "))
            refused, words = re.fullmatch(r"`(.*?)`: (.*)", refusal).groups()  # type: ignore[union-attr]
            yield Line(name, key.strip("`"), example.strip("`"), refused, words)


def _read(section: str, example: str) -> None:
    part = PLACES[section](yaml.load(example, yaml.BaseLoader))
    cohort_map = CohortMap.read("clinic.yaml", {**BASE, **part})
    check_map(cohort_map, cohort_map.extend(Dictionary.load()))


@pytest.mark.parametrize("section", KEYS)
def test_the_page_names_every_key_once_and_no_other(section: str) -> None:
    assert sorted(one.key for one in _lines() if one.section == section) == sorted(KEYS[section])


@pytest.mark.parametrize("line", list(_lines()), ids=lambda line: f"{line.section}-{line.key}")
def test_the_example_is_read_and_holds_its_key(line: Line) -> None:
    _read(line.section, line.example)
    assert line.key in yaml.load(line.example, yaml.BaseLoader)


@pytest.mark.parametrize("line", list(_lines()), ids=lambda line: f"{line.section}-{line.key}")
def test_what_the_page_says_is_refused_is_refused_in_its_words(line: Line) -> None:
    with pytest.raises(MapError) as raised:
        _read(line.section, line.refused)
    assert line.words in str(raised.value)


def test_the_whole_example_is_a_sound_map() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    cohort_map = CohortMap.read("clinic.yaml", yaml.load(example, yaml.BaseLoader))
    check_map(cohort_map, Dictionary.load())
