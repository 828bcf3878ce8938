"""Stage ingest: a cohort file and its map become a cohort in canonical units, or a refusal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from features.cohort import Cohort
from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.cells.value_labels import describe_labels
from features.intake.files.cohort_file import locate_source, source_folders
from features.intake.files.raw_table import RawTable
from features.intake.ingestion import Examination, Ingested, Limits, examine, ingest
from features.intake.whole_table import read_table
from pipeline.settings.params import Params, Paths


def run(params: Params, paths: Paths) -> None:
    """Write cohort.parquet, cohort.json, rejects.csv and report.json, whole or not at all."""
    cohort_map = CohortMap.load(params.cohort, paths.cohort_maps)
    limits = limits_of(params)
    folders = source_folders_of(paths)
    run_ingest(cohort_map, Dictionary.load(), limits, paths.ingest, folders)


def limits_of(params: Params) -> Limits:
    """The limits that params.yaml sets; today is the day of the run."""
    return Limits(params.ingest.max_reject_fraction, date.today())


def source_folders_of(paths: Paths) -> tuple[Path, ...]:
    """Where this run looks for cohort files: its own simulation first, then the usual places."""
    return (paths.simulate, *source_folders(paths.root))


def run_ingest(
    cohort_map: CohortMap,
    dictionary: Dictionary,
    limits: Limits,
    out_folder: Path,
    folders: tuple[Path, ...] | None = None,
) -> Ingested:
    """Read the map's files, ingest them, write the results into the folder.

    Raises CohortError with every problem at once; then nothing is written, and what an earlier run
    wrote is gone, so that no later stage takes it for this one's.
    """
    shutil.rmtree(out_folder, ignore_errors=True)
    raw, lesions = read_sources(cohort_map, folders)
    ingested = ingest(raw, cohort_map, dictionary, limits, lesions)
    unfinished = out_folder.with_name(out_folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    ingested.cohort.write(unfinished)
    ingested.rejects.to_csv(unfinished / "rejects.csv", index=False)
    report = json.dumps(_report(ingested, raw, cohort_map), indent=2, ensure_ascii=False)
    (unfinished / "report.json").write_text(report + "\n", encoding="utf-8")
    unfinished.rename(out_folder)
    return ingested


def read_sources(
    cohort_map: CohortMap, folders: tuple[Path, ...] | None = None
) -> tuple[RawTable, RawTable | None]:
    """The map's main file, and its lesion file where it names one. Raises CohortError."""
    raw = read_table(locate_source(cohort_map.file, folders), cohort_map.dialect)
    if cohort_map.lesions is None:
        return raw, None
    return raw, read_table(locate_source(cohort_map.lesions.file, folders))


def check_cohort(
    cohort_map: CohortMap,
    dictionary: Dictionary,
    limits: Limits,
    folders: tuple[Path, ...] | None = None,
    find_obstacles: Callable[[Cohort], Sequence[str]] = lambda cohort: (),
) -> tuple[bool, str]:
    """Whether the cohort can be ingested, and everything worth saying of it, as readable text.

    ``find_obstacles`` says what keeps a cohort that can be ingested from being trained on. Writes
    nothing. Raises MapError where the map itself is wrong.
    """
    try:
        raw, lesions = read_sources(cohort_map, folders)
    except CohortError as error:
        return False, str(error)
    found = examine(raw, cohort_map, dictionary, limits, lesions)
    fits = not found.findings.problems
    in_the_way = find_obstacles(found.cohort) if fits and found.cohort is not None else ()
    return fits, _describe(found, raw, cohort_map, in_the_way)


def _describe(
    found: Examination, raw: RawTable, cohort_map: CohortMap, in_the_way: Sequence[str]
) -> str:
    findings, lines = found.findings, [f"{cohort_map.name}: {raw.name} ({raw.encoding})", ""]
    lines += [f"{step.patients:>9,}  {step.step}" for step in found.flow]
    if found.cohort and found.cohort.endpoint:
        endpoint = found.cohort.endpoint
        lines += [
            f"{endpoint.n_events:>9,}  with the event",
            f"{endpoint.n_competing:>9,}  with the competing event",
            f"{float(endpoint.time.max()):>9.1f}  years of follow-up at most",
        ]
        if endpoint.case_cohort is not None:
            n_drawn = int(endpoint.case_cohort.subcohort.sum())
            lines.append(f"{n_drawn:>9,}  in the subcohort of a case-cohort sample")
        if endpoint.is_weighted:
            lines.append(f"{endpoint.weight.sum():>9,.0f}  people whom the weights stand for")
        if endpoint.is_delayed:
            lines.append(f"{endpoint.entered.max():>9.1f}  years on the clock at the latest entry")
    if raw.encoding.startswith("cp"):
        lines += ["", "The encoding was guessed. If letters are wrong, say 'encoding' in the map"]
    for title, problems in (("Problems", findings.problems), ("Warnings", findings.warnings)):
        if problems:
            lines += ["", f"{title}:", *(f"  - {problem}" for problem in problems)]
    if in_the_way:
        lines += ["", "In the way of training:", *(f"  - {obstacle}" for obstacle in in_the_way)]
    if findings.rejects:
        lines += ["", "Rejected rows:"]
        lines += [
            f"{len(one.rows):>9,}  {one.column}: {one.rule} (first in row {one.rows[0]})"
            for one in findings.rejects
        ]
    labels = describe_labels(cohort_map, raw.declared)
    if labels:
        lines += ["", "Codes as the file labels them:", *(f"  {one}" for one in labels)]
    unused = unused_columns(raw, cohort_map)
    if unused:
        lines += ["", f"Columns not used: {', '.join(unused)}"]
    if cohort_map.unconfirmed:
        lines += ["", f"Compare with the codebook: {', '.join(cohort_map.unconfirmed)}"]
    verdict = "cannot be ingested" if findings.problems else "can be ingested"
    if in_the_way:
        verdict += ", but not trained on as it is"
    return "\n".join([*lines, "", f"The cohort {verdict}."])


def unused_columns(raw: RawTable, cohort_map: CohortMap) -> list[str]:
    """Columns of the file that the map neither uses nor lists as outcomes."""
    named = {name.casefold() for name in (*cohort_map.source_columns, *cohort_map.outcomes)}
    there = map(str, (*raw.frame.columns, *raw.no_cells))
    return [name for name in there if name.casefold() not in named]


def _report(ingested: Ingested, raw: RawTable, cohort_map: CohortMap) -> dict[str, Any]:
    cohort, endpoint = ingested.cohort, ingested.cohort.endpoint
    rules = ingested.rejects.value_counts(["column", "rule"], sort=False).reset_index(name="rows")
    return {
        "cohort": cohort.name,
        "file": raw.name,
        "encoding": raw.encoding,
        "decimal": raw.decimal,
        "patients": len(cohort),
        "events": endpoint.n_events if endpoint else None,
        "competing_events": endpoint.n_competing if endpoint else None,
        "follow_up_years": float(endpoint.time.max()) if endpoint else None,
        "flow": [{"step": step.step, "patients": step.patients} for step in ingested.flow],
        "rejected_rows": int(ingested.rejects["row"].nunique()),
        "rejects": rules.to_dict("records"),
        "warnings": [str(warning) for warning in ingested.warnings],
        "missing_share": cohort.covariates.isna().mean().to_dict(),
        "unused_columns": unused_columns(raw, cohort_map),
        "unconfirmed": list(cohort_map.unconfirmed),
    }
