"""Command fhir: health records as a table, and all of them that was not used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.patients.job_options import read_day

if TYPE_CHECKING:
    from features.intake.fhir.reader import FhirExport
    from pipeline.files.tables import Tables


def fhir(
    export: Annotated[Path, typer.Argument(help="Bundle, ndjson file, or a folder of either.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV to write; none: only say what is in the export.")
    ] = None,
    index_date: Annotated[
        str | None, typer.Option(help="YYYY-MM-DD; none: each patient's last measurement.")
    ] = None,
    lookback: Annotated[
        float, typer.Option(min=0, help="Leave out measurements older than this, in years.")
    ] = 5.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files.")] = False,
) -> None:
    """Turn health records into a table of variables on one day; list what was not used."""
    from features.intake.fhir.reader import FhirExport

    day = read_day(index_date)
    if out is None:
        found = FhirExport(export, day, lookback)
        counts = _count(found)
    else:
        from pipeline.files.tables import written_whole

        files = _name_files(out)
        with written_whole(tuple(files.values()), (export,), overwrite) as tables:
            found = FhirExport(export, day, lookback)
            counts = _write(found, files, tables)
    for line in describe(found, *counts):
        typer.echo(line)
    if out is not None:
        typer.echo(f"Written: {', '.join(str(path) for path in files.values())}")


def describe(export: FhirExport, n_read: int, n_rejected: int) -> list[str]:
    """What a person should know of an export; no patient can be read from it."""
    from pipeline.scoring.sources.fhir_source import name_losses

    lines = [f"{n_read:,} patients read, {n_rejected:,} rejects"]
    became = ", ".join(f"{count:,} {what}" for what, count in sorted(export.accounts.items()))
    lines += [f"  resources: {became}"]
    lines += [f"  {line}" for line in name_losses(export)]
    return lines


def _name_files(out: Path) -> dict[str, Path]:
    names = ("rejects", "unmapped", "left_out", "remarks")
    return {"table": out} | {name: out.with_suffix(f".{name}.csv") for name in names}


def _count(export: FhirExport) -> tuple[int, int]:
    read = rejected = 0
    for batch in export.batches():
        read, rejected = read + len(batch.frame), rejected + len(batch.rejects)
    return read, rejected


def _write(export: FhirExport, files: dict[str, Path], tables: Tables) -> tuple[int, int]:
    read = rejected = 0
    for batch in export.batches():
        tables.append(batch.frame, files["table"])
        tables.append(batch.rejects, files["rejects"])
        read, rejected = read + len(batch.frame), rejected + len(batch.rejects)
    tables.append(export.unmapped, files["unmapped"])
    tables.append(export.left_out, files["left_out"])
    tables.append(export.remarks, files["remarks"])
    return read, rejected
