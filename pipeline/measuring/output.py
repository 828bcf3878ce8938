"""Writes what was measured: tables, the record, the picture and the page around it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ConfigError
from features.imaging.contact_sheet import draw_contact_sheet, score_lines
from pipeline.files.private import open_private
from pipeline.measuring.one_scan import MeasuredScan

LESIONS, PATIENTS, RECORD = "lesions.csv", "patients.csv", "scan.json"
PICTURE, PAGE = "contact_sheet.png", "scan.html"
OF_A_SCAN = (LESIONS, PATIENTS, RECORD, PICTURE, PAGE)


_DIGITS = 9


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is written: 3 for 2.9999999999999996; nothing else is rounded."""
    numbers = table.select_dtypes("number")
    return table.assign(**numbers.round(_DIGITS))


def write_scan(measured: MeasuredScan, folder: Path, picture: bool) -> None:
    """Write record, picture and page of one scan into a folder of ours."""
    with open_private(folder / RECORD, "w", encoding="utf-8") as file:
        file.write(json.dumps(measured.about, indent=2, sort_keys=True) + "\n")
    if picture:
        with open_private(folder / PICTURE) as sheet:
            draw_contact_sheet(measured.scan, measured.measured, measured.by_variable, sheet)
        with open_private(folder / PAGE, "w", encoding="utf-8") as page:
            page.write(scan_page(measured, (folder / PICTURE).read_bytes()))


def join_covariates(totals: pd.DataFrame, file: Path | None) -> pd.DataFrame:
    """The totals with what a table of the same patients says of them, by patient_id.

    Raises ConfigError where the table has no such column, repeats a patient, lacks all of them or
    holds a column that was measured.
    """
    if file is None:
        return totals
    try:
        table = pd.read_csv(file, dtype={"patient_id": "str"}, keep_default_na=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read as CSV ({type(error).__name__})") from error
    if "patient_id" not in table:
        raise ConfigError(f"{file}: has no column patient_id")
    if table["patient_id"].duplicated().any():
        raise ConfigError(f"{file}: has patients in more than one row")
    both = sorted(set(table.columns) & set(totals.columns))
    if both:
        raise ConfigError(f"{file}: {', '.join(both)} would be overwritten. Leave them out")
    by_patient = table.set_index("patient_id")
    if not totals.index.isin(by_patient.index).any():
        raise ConfigError(f"{file}: holds no patient of the scans. Compare the identifiers")
    return totals.join(by_patient)


def scan_page(measured: MeasuredScan, picture: bytes) -> str:
    """One HTML page with picture, score table, lesions and choices; nothing is loaded from afar."""
    totals = measured.by_variable
    scores = _table(
        ("Vessel", "Lesions", "Agatston", "mm³"), score_lines(measured.measured, totals)
    )
    lesions = measured.lesions.drop(columns="patient_id").round(2).dropna(axis=1, how="all")
    rows = [tuple(str(cell) for cell in row) for row in lesions.itertuples(index=False)]
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in measured.about["warnings"])
    data = base64.b64encode(picture).decode()
    return _PAGE.format(
        scores=scores,
        picture=f"data:image/png;base64,{data}",
        lesions=_table(tuple(map(str, lesions.columns)), rows),
        notes=notes or "<li>none</li>",
        rules=_table(("Choice", "Value"), list(_flat(measured.about["rules"]))),
    )


def _flat(rules: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in rules.items()]


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    first = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Coronary calcium of a scan</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem }}
table {{ border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums }}
th, td {{ border-bottom: 1px solid #bbb; padding: .2rem .7rem; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
img {{ max-width: 100% }} .wide {{ overflow-x: auto }}
</style></head><body>
<h1>Coronary calcium of a scan</h1>
<p><strong>Research software, not for care.</strong> Measured within the mask that was given.</p>
<h2>Score</h2>{scores}
<h2>Slices with lesions</h2>
<img src="{picture}" alt="Slices with lesions, outlined by vessel and filled by density">
<h2>Lesions</h2><div class="wide" tabindex="0" role="region" aria-label="Lesions">{lesions}</div>
<h2>Warnings</h2><ul>{notes}</ul>
<h2>Choices</h2>{rules}
</body></html>
"""
