"""All scans of a manifest: several processes, resumable, each failed scan a reject."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from features.derivation.scan_technique import COMPARABLE
from features.errors import CalciriskError, ConfigError
from features.imaging.results import LESION_COLUMNS, TOTAL_COLUMNS
from pipeline.files.private import open_folder, open_private
from pipeline.files.tables import Tables, written_whole
from pipeline.measuring.manifest import ManifestLine, read_manifest
from pipeline.measuring.one_scan import measure_scan
from pipeline.measuring.output import LESIONS, PATIENTS, join_covariates, rounded, write_scan
from pipeline.measuring.progression import join_scans
from pipeline.measuring.request import MeasuringRequest
from pipeline.scoring.account.progress import Progress

EARLIER, SCANS, REJECTS = "earlier_lesions.csv", "scans.csv", "rejects.csv"
COMPARED = "progression.csv"
_TABLES = (LESIONS, PATIENTS, EARLIER, COMPARED, SCANS, REJECTS)


@dataclass(frozen=True)
class ManifestResult:
    """How many scans were measured, kept from before, and rejected, of how many patients.

    ``outdated``: how many of the rejects are later than any scan of the patient that was measured.
    """

    measured: int
    kept: int
    rejected: int
    patients: int
    outdated: int = 0


def measure_manifest(
    file: Path,
    request: MeasuringRequest,
    out: Path,
    workers: int,
    resume: bool,
    overwrite: bool = False,
) -> ManifestResult:
    """Measure every scan of a manifest and write the tables of all.

    A scan that was measured before, of the same files by the same choices, is kept with
    ``resume``. Raises ConfigError where the manifest cannot be read, the folder is in use, or
    holds what is neither to be gone on with nor, with ``overwrite``, to be replaced.
    """
    lines = read_manifest(file)
    named = [one for line in lines for one in (line.files.scan, line.files.mask)]
    work, files = out / "scans", [out / name for name in _TABLES]
    if _holds_scans(work) and not (resume or overwrite):
        raise ConfigError(
            f"{out} holds measured scans. Go on with --resume, replace them with --overwrite, or "
            "name another"
        )
    with written_whole(files, request.reads(file, *named), resume or overwrite) as tables:
        if overwrite and not resume and _holds_scans(work):
            shutil.rmtree(work)
        os.close(open_folder(work))
        waiting = [line for line in lines if _kept(line, request, work) is None]
        with Progress(len(waiting), "scans", "measuring") as progress:
            for done, _ in enumerate(_measure_all(waiting, request, work, workers), start=1):
                progress.advance(1, done)
        results = {line.line: json.loads(_place(line, request, work).read_text()) for line in lines}
        return _write_tables(lines, results, request, tables, out, len(lines) - len(waiting))


def _holds_scans(work: Path) -> bool:
    return work.is_dir() and not work.is_symlink() and any(work.iterdir())


def _measure_all(
    lines: list[ManifestLine], request: MeasuringRequest, work: Path, workers: int
) -> Iterator[None]:
    if workers <= 1 or len(lines) <= 1:
        for line in lines:
            _measure_line(line, request, work)
            yield
        return
    with ProcessPoolExecutor(min(workers, len(lines)), get_context("spawn")) as pool:
        waiting = [pool.submit(_measure_line, line, request, work) for line in lines]
        for done in as_completed(waiting):
            done.result()
            yield


def _measure_line(line: ManifestLine, request: MeasuringRequest, work: Path) -> None:
    """Measure one scan and keep the result, or the reason why there is none."""
    result: dict[str, Any]
    try:
        problem = _problem(line)
        if problem:
            raise ConfigError(problem)
        measured = measure_scan(line.files, request)
        own = work / f"{line.line:06d}"
        os.close(open_folder(own))
        write_scan(measured, own, request.picture)
        result = {
            "lesions": measured.lesions.to_dict(orient="list"),
            "totals": measured.by_variable,
            "about": measured.about,
        }
    except CalciriskError as error:
        result = {"reject": str(error)}
    place = _place(line, request, work)
    unfinished = place.with_suffix(".part")
    with open_private(unfinished, "w", encoding="utf-8") as file:
        json.dump(result, file)
    unfinished.replace(place)


def _problem(line: ManifestLine) -> str | None:
    if not line.files.patient_id:
        return "the line names no patient"
    if line.date is None:
        return "the date is not written as 2026-01-31"
    return None


def _kept(line: ManifestLine, request: MeasuringRequest, work: Path) -> Path | None:
    """Where a scan's result is kept from before; a reject is tried again."""
    place = _place(line, request, work)
    if not place.is_file() or "reject" in json.loads(place.read_text()):
        return None
    return place


def _place(line: ManifestLine, request: MeasuringRequest, work: Path) -> Path:
    """Named by everything that bears on the result: line, choices, and the state of the files."""
    labels = request.labels.read_text() if request.labels and request.labels.is_file() else ""
    bears = [repr(line), repr(request.rules), repr(request.said), labels, str(request.picture)]
    bears += _states([line.files.scan, line.files.mask])
    digest = hashlib.sha256("\n".join(bears).encode()).hexdigest()[:16]
    return work / f"{line.line:06d}-{digest}.json"


def _states(paths: Iterable[Path]) -> list[str]:
    found = []
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                status = file.stat()
                found.append(f"{file}:{status.st_size}:{status.st_mtime_ns}")
    return found


def _write_tables(
    lines: list[ManifestLine],
    results: dict[int, dict[str, Any]],
    request: MeasuringRequest,
    tables: Tables,
    out: Path,
    kept: int,
) -> ManifestResult:
    def write(table: pd.DataFrame, name: str) -> None:
        tables.append(rounded(table), out / name)

    good = [line for line in lines if "reject" not in results[line.line]]
    rejects = [
        {"line": line.line, "patient_id": line.files.patient_id, "reason": result["reject"]}
        for line in lines
        if "reject" in (result := results[line.line])
    ]
    outdated = _find_outdated(lines, good)
    for reject in rejects:
        if reject["line"] in outdated:
            reject["reason"] += f". {PATIENTS} holds an earlier scan of this patient"
    write(pd.DataFrame(rejects, columns=["line", "patient_id", "reason"]), REJECTS)
    scans = pd.DataFrame(
        [_scan_row(line, results[line.line]) for line in good],
        columns=["patient_id", "date", "line", *TOTAL_COLUMNS],
    )
    write(scans, SCANS)
    if scans.empty:
        return ManifestResult(0, kept, len(rejects), 0)
    patients = join_scans(scans, {line.line: results[line.line]["about"] for line in good})
    latest = set(patients["line"].astype(int))
    for name, chosen in ((LESIONS, True), (EARLIER, False)):
        parts = [results[n.line]["lesions"] for n in good if (n.line in latest) == chosen]
        write(_lesions(parts), name)
    compared = ["prior_scan_years", COMPARABLE, "prior_differs"]
    write(patients.loc[patients["prior_differs"].notna(), compared], COMPARED)
    patients = patients.drop(columns=["line", "date", "prior_differs"])
    write(join_covariates(patients, request.covariates), PATIENTS)
    return ManifestResult(len(good) - kept, kept, len(rejects), len(patients), len(outdated))


def _find_outdated(lines: list[ManifestLine], good: list[ManifestLine]) -> set[int]:
    """Lines of scans that were not measured and are later than all of the patient that were."""
    last: dict[str | None, pd.Timestamp] = {}
    for line in good:
        if line.date is not None:
            who = line.files.patient_id
            last[who] = max(line.date, last.get(who, line.date))
    measured = {line.line for line in good}
    return {
        line.line
        for line in lines
        if line.line not in measured
        and line.date is not None
        and line.files.patient_id in last
        and line.date > last[line.files.patient_id]
    }


def _scan_row(line: ManifestLine, result: dict[str, Any]) -> dict[str, Any]:
    who = {"patient_id": line.files.patient_id, "date": line.date, "line": line.line}
    return {**who, **result["totals"]}


def _lesions(parts: list[dict[str, list[Any]]]) -> pd.DataFrame:
    tables = [pd.DataFrame(part) for part in parts if part["patient_id"]]
    if not tables:
        return pd.DataFrame(columns=list(LESION_COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(LESION_COLUMNS)]
