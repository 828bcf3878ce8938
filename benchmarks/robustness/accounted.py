"""Rows and records with defects of every kind: each is scored or rejected, once, and as if alone.

    python -m benchmarks.robustness.accounted MODEL [--rows 100000] [--seed 1]

MODEL is the folder of a risk model. Of the rows 50 % are CSV, 30 % Parquet, 20 % resources of
health records; a tenth of the CSV rows are sent to the served model, too, ten at once. What must
become of a row is known from how it was made (`benchmarks.robustness.defects`). A finding (exit
code 1) is

- a row that is neither in the scores nor in the rejects, or in both, or twice, or a count printed
  that is not the number of such rows;
- a sound row that is rejected, a defect that is scored;
- a risk that is not the one that `Scorer` gives for the covariates that the row was made from, or,
  of a health record, that of the same patient in a file of its own.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.robustness.defects import Made, make_records, make_rows, make_typed
from features.errors import CalciriskError
from models.scorer import Scorer
from pipeline.scoring.account.job_summary import JobSummary
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.params import Paths

RISK = "risk_10y"
_ROWS_IN_A_FILE = 10_000
_SERVED_AT_ONCE = 10
_ALONE = 100
_DAY = date(2020, 6, 29)
_CLOSE = 1e-9


@dataclass
class Accounted:
    """``ends``: how many rows or records ended how, by form and defect."""

    ends: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def require(self, holds: bool, finding: str) -> None:
        """Keeps the finding where it does not hold."""
        if not holds:
            self.findings.append(finding)


def account(model: Path, n_rows: int, seed: int, here: Path) -> Accounted:
    """Make, score and compare so many rows and records."""
    done, scorer = Accounted(), Scorer.load(model)
    for form, share in (("csv", 0.5), ("parquet", 0.3)):
        left = round(share * n_rows)
        while left > 0:
            n = min(left, _ROWS_IN_A_FILE)
            made = make_rows(n, random.Random(f"{form} {seed} {left}"), ragged=form == "csv")
            account_rows(form, made, model, scorer, here, done)
            if form == "csv":
                account_served(made[: n // 10], scorer, done)
            left -= n
    account_records(round(0.2 * n_rows), seed, model, here, done)
    return done


def account_rows(
    form: str, made: list[Made], model: Path, scorer: Scorer, here: Path, done: Accounted
) -> None:
    """One file of such rows."""
    file = here / f"rows.{form}"
    if form == "csv":
        write_csv(made, file)
    else:
        make_typed(made).to_parquet(file, index=False)
    summary = score(file, model, here / "out" / "risks.csv", keep=("serial",))
    scored = read(summary.out).set_index("serial")
    rejects = read(summary.rejects)
    rejected = Counter(rejects["row"].astype(int))
    # in text the header is row 1, and blank lines, which are no rows, count as in a spreadsheet
    places = np.arange(1, len(made) + 1)
    if form == "csv":
        places += 1 + np.cumsum([0, *(one.blank_behind for one in made[:-1])])
    counts = (len(scored), len(rejected), len(scored) + len(rejected))
    told = (summary.n_scored, summary.n_rejected, summary.n_rows)
    done.require(counts == told, f"{form}: told {told}, there are {counts}")
    done.require(
        counts[2] == len(made), f"{form}: {len(made)} rows made, {counts[2]} accounted for"
    )
    done.require(scored.index.is_unique, f"{form}: a row is scored twice")
    expected = risks_of(made, scorer)
    for place, one, risk in zip(places, made, expected, strict=True):
        is_scored, is_rejected = one.serial in scored.index, int(place) in rejected
        end = {(True, False): "scored", (False, True): "rejected"}.get((is_scored, is_rejected))
        done.ends[form, one.defect, end or "lost or twice"] += 1
        done.require(end is not None, f"{form}: {one.defect} is in {is_scored + is_rejected} files")
        done.require(one.end in (None, end), f"{form}: {one.defect} is {end}, must be {one.end}")
        if is_scored:
            same = abs(float(scored.at[one.serial, RISK]) - risk) < _CLOSE
            done.compared[form] += 1
            done.require(same, f"{form}: {one.defect} has another risk than its covariates give")


def account_served(made: list[Made], scorer: Scorer, done: Accounted) -> None:
    """The cells as they stand in the file, a few rows at once: refused whole or scored in order."""
    # rows that are wrong as rows, and identifiers, have no counterpart where cells are served
    made = [one for one in made if one.of_cells]
    for at in range(0, len(made), _SERVED_AT_ONCE):
        some = made[at : at + _SERVED_AT_ONCE]
        cells = pd.DataFrame([one.cells for one in some]).drop(
            columns=["patient_id", "serial", "ward"]
        )
        try:
            risks = scorer.score(cells, n_reasons=0, unknown="ignore")[RISK].to_numpy()
        except CalciriskError:
            end = "refused"
        else:
            end = "scored"
            done.compared["served"] += len(some)
            done.require(
                bool(np.allclose(risks, risks_of(some, scorer), rtol=0, atol=_CLOSE)),
                "served: another risk than the covariates give",
            )
        done.ends["served", "together", end] += len(some)
        musts = {one.end for one in some}
        if None not in musts:
            must = "refused" if "rejected" in musts else "scored"
            done.require(end == must, f"served: {sorted(one.defect for one in some)} {end}")


def account_records(n: int, seed: int, model: Path, here: Path, done: Accounted) -> None:
    """Lines of resources, and some patients of them alone."""
    from features.intake.fhir.reader import FhirExport

    records = make_records(n, random.Random(f"records {seed}"))
    file = here / "records.ndjson"
    file.write_text("".join(line + "\n" for line in records.lines), encoding="utf-8")
    summary = score(file, model, here / "out" / "records.csv", index_date=_DAY)
    scored, rejects = read(summary.out), read(summary.rejects)
    done.require(scored["patient_id"].is_unique, "records: a patient is scored twice")
    told = (summary.n_scored, summary.n_rejected)
    counts = (len(scored), rejects["row"].nunique())
    done.require(told == counts, f"records: told {told}, there are {counts}")
    export = FhirExport(file, _DAY)
    for _ in export.batches():
        pass
    for what, count in export.accounts.items():
        done.ends["records", "resource", what] += count
    total = sum(export.accounts.values())
    done.require(
        total == len(records.lines), f"records: {len(records.lines)} made, {total} told of"
    )
    there = set(scored["patient_id"])
    for name, end in records.ends.items():
        found = "scored" if name in there else "rejected"
        done.require(end in (None, found), f"records: {name} is {found}, must be {end}")
    done.require(there <= set(records.ends), "records: somebody is scored who was not made")
    risks = dict(zip(scored["patient_id"], scored[RISK].astype(float), strict=True))
    for name in sorted(there)[:: max(len(there) // _ALONE, 1)]:
        file.write_text("".join(line + "\n" for line in records.of[name]), encoding="utf-8")
        alone = score(file, model, here / "out" / "alone.csv", index_date=_DAY)
        (risk,) = read(alone.out)[RISK].astype(float)
        done.compared["records"] += 1
        same = abs(risk - risks[name]) < _CLOSE
        done.require(same, "records: another risk than the patient's own file gives")


def risks_of(made: list[Made], scorer: Scorer) -> np.ndarray:
    """What the scorer gives for the covariates that the rows were made from."""
    frame = make_typed(made, true=True).drop(columns=["patient_id", "serial", "ward"])
    return np.asarray(scorer.score(frame, n_reasons=0)[RISK], dtype=np.float64)


def write_csv(made: list[Made], file: Path) -> None:
    """As programs write it; some rows with every cell in quotes, some with a blank line behind."""
    names = list(made[0].cells)
    with file.open("w", encoding="utf-8", newline="") as out:
        plain = csv.writer(out, lineterminator="\n")
        quoted = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(names)
        for one in made:
            (quoted if one.quoted else plain).writerow(one.shape([one.cells[n] for n in names]))
            if one.blank_behind:
                out.write("\n")


def score(file: Path, model: Path, out: Path, **options: Any) -> JobSummary:
    """One job, as `calcirisk score` runs it."""
    request = ScoreRequest(
        file, str(model), out, n_reasons=0, intervals=False, overwrite=True, workers=1, **options
    )
    return score_stream(request, Paths.default())


def read(file: Path) -> pd.DataFrame:
    """A table of texts."""
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def main() -> None:
    """Print how everything ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as here:
        done = account(options.model, options.rows, options.seed, Path(here))
    for (form, defect, end), n in sorted(done.ends.items()):
        print(f"{form:10} {defect:32} {end:24} {n:8,}")  # noqa: T201
    for form, n in done.compared.items():
        print(f"{form:10} {'risks compared':57} {n:8,}")  # noqa: T201
    for finding, n in Counter(done.findings).most_common():
        print(f"FOUND {n:6,} times: {finding}")  # noqa: T201
    sys.exit(1 if done.findings else 0)


if __name__ == "__main__":
    main()
