"""Rows and records of patients, sound and with defects, and what must become of each."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.simulation.cohort import simulate_cohort

NUMBERS = ("age", "cac_agatston", "ldl_cholesterol", "hdl_cholesterol", "systolic_bp", "bmi")
FLAGS = ("diabetes", "family_history")
_NO_NUMBER = (
    *("abc", "1e400", "inf", "-inf", "-9999", "9e9", "5;6", "0x10", "1_000", "12:30", "3-Mar"),
    *("#REF!", "61 years", "--", "1.2.3", "½", "\u202e61", "=1+1", "<script>"),
)
_NOTHING = ("", "NA", "n/a", "NaN")
_WARDS = ("B", 'the "west" wing', "B, north", "two\nlines", "ä€𝄞", "'", '"', " ", "=1+1")


@dataclass(frozen=True)
class Made:
    """A row. ``cells``: as they are written. ``true``: what it was made from, None for unknown.

    ``end``: scored or rejected; None where either will do. ``of_cells``: the defect is in a cell.
    """

    serial: str
    cells: dict[str, str]
    true: dict[str, Any]
    defect: str = "none"
    end: str | None = "scored"
    of_cells: bool = True
    cut: int = 0
    quoted: bool = False
    blank_behind: bool = False

    def shape(self, cells: list[str]) -> list[str]:
        """The cells of the row, some lost at the end, or some more than there are columns."""
        return cells[: self.cut] if self.cut < 0 else cells + ["x"] * self.cut


def make_rows(n: int, draw: random.Random, ragged: bool = True) -> list[Made]:
    """Rows of one file: two in five with a defect. ``ragged``: some with other numbers of cells."""
    seed = draw.randrange(2**31)
    covariates = simulate_cohort(max(n, 2), seed, with_lesions=False).covariates
    columns = [name for name in (*NUMBERS, *FLAGS, "sex") if name in covariates]
    rows = covariates[columns].head(n).to_dict("records")
    made: list[Made] = []
    for number, row in enumerate(rows):
        true = {name: None if pd.isna(value) else value for name, value in row.items()}
        cells = {"patient_id": f"p{number:06d}", "serial": f"s{number:06d}"}
        cells |= {"ward": draw.choice(_WARDS)}
        cells |= {name: "" if value is None else _write(value) for name, value in true.items()}
        one = Made(
            cells["serial"],
            cells,
            true,
            quoted=draw.random() < 0.1,
            blank_behind=draw.random() < 0.02,
        )
        # a file in which more than one row in a hundred is of such a kind is refused whole
        if draw.random() < 0.01:
            rare = (_short, _long, _no_flag, _no_code) if ragged else (_no_flag, _no_code)
            one = draw.choice(rare)(one, draw)
        elif draw.random() < 0.4:
            one = draw.choice(_DEFECTS)(one, draw)
        made.append(one)
    return _with_repeats(made, draw)


def make_typed(made: list[Made], true: bool = False) -> pd.DataFrame:
    """The rows with typed columns; ``true``: what they were made from, in place of their defects.

    A cell that is no number becomes one that no patient has.
    """
    rows = []
    for one in made:
        row: dict[str, Any] = {
            name: one.cells[name] or None for name in ("patient_id", "serial", "ward")
        }
        for name, value in one.true.items():
            row[name] = value if true or name == "sex" else _as_number(one.cells[name])
        row["sex"] = one.true["sex"] if true else one.cells["sex"] or None
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.astype({name: "float64" for name in (*NUMBERS, *FLAGS) if name in frame})


def _write(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.17g}"


def _as_number(cell: str) -> float:
    if cell.strip().casefold() in ("", "na", "n/a", "nan"):
        return np.nan
    try:
        return float(cell.replace("_", "x"))
    except ValueError:
        return -12_345.0


def _change(one: Made, name: str, cell: str, defect: str, end: str | None, **more: Any) -> Made:
    return Made(
        one.serial,
        {**one.cells, name: cell},
        more.pop("true", one.true),
        defect,
        end,
        quoted=one.quoted,
        blank_behind=one.blank_behind,
        **more,
    )


def _no_number(one: Made, draw: random.Random) -> Made:
    return _change(one, draw.choice(NUMBERS), draw.choice(_NO_NUMBER), "no number", "rejected")


def _no_flag(one: Made, draw: random.Random) -> Made:
    cell = draw.choice(("2", "perhaps", "0.5", "-1"))
    return _change(one, draw.choice(FLAGS), cell, "neither yes nor no", "rejected")


def _no_code(one: Made, draw: random.Random) -> Made:
    return _change(one, "sex", draw.choice(("x", "3", "malle", "männlich")), "no code", "rejected")


def _nothing(one: Made, draw: random.Random) -> Made:
    name = draw.choice([name for name in NUMBERS if name != "age"])
    true = {**one.true, name: None}
    return _change(one, name, draw.choice(_NOTHING), "missing", "scored", true=true)


def _padded(one: Made, draw: random.Random) -> Made:
    name = draw.choice(NUMBERS)
    cell = f"{' ' * draw.randrange(1, 3)}{one.cells[name]}{' ' * draw.randrange(3)}"
    return _change(one, name, cell, "spaces around", "scored")


def _cased(one: Made, draw: random.Random) -> Made:
    cell = draw.choice((str.upper, str.title))(one.cells["sex"])
    return _change(one, "sex", cell, "a code in capitals", "scored")


def _short(one: Made, draw: random.Random) -> Made:
    return _shape(one, -draw.randrange(1, 4), "cells lost at the end")


def _long(one: Made, draw: random.Random) -> Made:
    return _shape(one, draw.randrange(1, 4), "more cells than columns")


def _shape(one: Made, cut: int, defect: str) -> Made:
    return Made(one.serial, one.cells, one.true, defect, "rejected", False, cut, one.quoted)


def _nameless(one: Made, draw: random.Random) -> Made:
    return _change(
        one, "patient_id", draw.choice(("", " ")), "no identifier", "rejected", of_cells=False
    )


_DEFECTS: tuple[Callable[[Made, random.Random], Made], ...] = (
    *(_no_number, _no_number, _nothing, _padded, _cased, _nameless),
)


def _with_repeats(made: list[Made], draw: random.Random) -> list[Made]:
    """Two rows of a hundred take the identifier of another; then all that have it are rejected."""
    made = list(made)
    for _ in range(len(made) // 50):
        one, other = draw.sample(range(len(made)), 2)
        name = made[other].cells["patient_id"]
        if not name.strip() or made[one].cut or made[other].cut:
            continue
        changed = {**made[one].cells, "patient_id": name}
        made[one] = Made(**{**made[one].__dict__, "cells": changed})
    count: dict[str, int] = {}
    for one_ in made:
        count[one_.cells["patient_id"]] = count.get(one_.cells["patient_id"], 0) + 1
    return [
        Made(
            **{
                **one.__dict__,
                "defect": "an identifier twice",
                "end": "rejected",
                "of_cells": False,
            }
        )
        if count[one.cells["patient_id"]] > 1 and one.cells["patient_id"].strip()
        else one
        for one in made
    ]


@dataclass
class Records:
    """``ends``: what must become of each patient; ``of``: a patient's own lines."""

    lines: list[str] = field(default_factory=list)
    ends: dict[str, str | None] = field(default_factory=dict)
    of: dict[str, list[str]] = field(default_factory=dict)


def make_records(n: int, draw: random.Random) -> Records:
    """Some ``n`` lines of resources, those of different patients mixed."""
    made, number = Records(), 0
    while len(made.lines) < n:
        number += 1
        name = f"p{number}"
        sound = draw.random() < 0.85
        patient: dict[str, Any] = {"resourceType": "Patient", "id": name, "gender": "female"}
        if sound:
            patient["birthDate"] = f"19{draw.randrange(40, 80)}-0{draw.randrange(1, 10)}-15"
        measured = [_observation(name, draw) for _ in range(draw.randrange(1, 8))]
        lines = [json.dumps(one) for one in (patient, *measured)]
        made.ends[name], made.of[name] = "scored" if sound else None, lines
        made.lines += lines
        made.lines += [draw.choice(_LOOSE) for _ in range(draw.randrange(2))]
    draw.shuffle(made.lines)
    # what is no resource says of the first line that the file is something else
    made.lines.insert(0, '{"resourceType": "Basic"}')
    return made


_LOOSE = (
    '{"resourceType": "Observation", "id"',
    "[]",
    "null",
    '{"resourceType": "OperationOutcome", "issue": []}',
    '{"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "#x"}}',
)
_MEASURED = (
    ("2089-1", 130.0, "mg/dL"),
    ("2085-9", 50.0, "mg/dL"),
    ("8480-6", 140.0, "mm[Hg]"),
    ("39156-5", 27.0, "kg/m2"),
)


def _observation(name: str, draw: random.Random) -> dict[str, Any]:
    """A measurement; half of them of no use."""
    code, value, unit = draw.choice(_MEASURED)
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "id": draw.randbytes(8).hex(),
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{name}"},
        "effectiveDateTime": f"2020-0{draw.randrange(1, 6)}-{draw.randrange(10, 28)}",
        "valueQuantity": {"value": round(value * draw.uniform(0.8, 1.2), 1), "unit": unit,
                          "system": "http://unitsofmeasure.org", "code": unit},
    }  # fmt: skip
    spoilt: list[dict[str, Any]] = [
        {"status": "entered-in-error"},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "99999-9"}]}},
        {"valueQuantity": {**made["valueQuantity"], "code": "furlong", "unit": "furlong"}},
        {"valueQuantity": {"value": "many"}},
        {"subject": {"reference": "Patient/nobody"}},
        {"effectiveDateTime": "2052-01-01"},
        {"effectiveDateTime": "yesterday"},
        {"modifierExtension": [{"url": "http://a.org/x", "valueBoolean": True}]},
    ]
    return made | (draw.choice(spoilt) if draw.random() < 0.5 else {})
