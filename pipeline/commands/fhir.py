"""Command fhir: health records as a table, and all of them that was not used."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from features.intake.fhir.reader import FhirExport


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

    files = _name_files(out) if out is not None else {}
    taken = [path for path in files.values() if path.exists()]
    if taken and not overwrite:
        raise ConfigError(f"{taken[0]} exists. Take another name, or replace it with --overwrite")
    found = FhirExport(export, read_day(index_date), lookback)
    counts = _write(found, files) if files else _count(found)
    for line in describe(found, *counts):
        typer.echo(line)
    if out is not None:
        typer.echo(f"Written: {', '.join(str(path) for path in files.values())}")


def read_day(text: str | None) -> date | None:
    """The date, or None. Raises ConfigError where the text is none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError("--index-date must be a date such as 2026-01-31") from error


def describe(export: FhirExport, n_read: int, n_rejected: int) -> list[str]:
    """What a person should know of an export; no patient can be read from it."""
    from pipeline.scoring.fhir_source import name_losses

    lines = [f"{n_read:,} patients read, {n_rejected:,} rejects"]
    lines += [f"  {line}" for line in name_losses(export.unmapped, export.left_out)]
    return lines


def _name_files(out: Path) -> dict[str, Path]:
    names = ("rejects", "unmapped", "left_out")
    return {"table": out} | {name: out.with_suffix(f".{name}.csv") for name in names}


def _count(export: FhirExport) -> tuple[int, int]:
    read = rejected = 0
    for batch in export.batches():
        read, rejected = read + len(batch.frame), rejected + len(batch.rejects)
    return read, rejected


def _write(export: FhirExport, files: dict[str, Path]) -> tuple[int, int]:
    """Write each file whole: under another name first, then into its place."""
    unfinished = {name: path.with_name(f".{path.name}.unfinished") for name, path in files.items()}
    try:
        unfinished["table"].parent.mkdir(parents=True, exist_ok=True)
        read = rejected = 0
        for number, batch in enumerate(export.batches()):
            _append(batch.frame, unfinished["table"], number == 0)
            _append(batch.rejects, unfinished["rejects"], number == 0)
            read, rejected = read + len(batch.frame), rejected + len(batch.rejects)
        _append(export.unmapped, unfinished["unmapped"], True)
        _append(export.left_out, unfinished["left_out"], True)
        for name, path in files.items():
            unfinished[name].replace(path)
    except OSError as error:
        raise ConfigError(f"{files['table']} cannot be written ({error.strerror})") from error
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)
    return read, rejected


def _append(table: pd.DataFrame, path: Path, new: bool) -> None:
    with path.open("w" if new else "a", encoding="utf-8", newline="") as file:
        table.to_csv(file, header=new, index=False)
