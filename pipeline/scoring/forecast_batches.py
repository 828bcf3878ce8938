"""Forecasts later scores of the patients of a file, batch after batch, in constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.dialect import Dialect
from features.errors import ConfigError
from features.intake.map_check import name_by_dictionary
from features.intake.rows import RowRules, read_rows
from models.progression.compiled_progression import compile_forecaster
from models.progression.forecaster import THRESHOLDS, Forecaster
from models.progression.two_scans.second_scan import TEXTS
from pipeline.scoring.output_schema import REJECTS_SCHEMA
from pipeline.scoring.outputs.writers import CsvWriter, open_writer
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.sources.open_source import open_source
from pipeline.settings.paths import Paths


@dataclass(frozen=True)
class ForecastRequest:
    """What to forecast. ``years`` None: those of the model; ``cohort`` None: dictionary names."""

    file: str
    model: str
    out: Path
    cohort: str | None = None
    years: tuple[float, ...] | None = None
    thresholds: tuple[float, ...] = THRESHOLDS
    query: str | None = None
    overwrite: bool = False
    dialect: Dialect = field(default_factory=Dialect)


@dataclass(frozen=True)
class ForecastSummary:
    """Rows read, forecast and rejected, and where they are."""

    out: Path
    forecast: int
    unknown: int
    rejected: int

    def describe(self) -> str:
        """A sentence for a person."""
        told = f"{self.forecast:,} patients forecast, {self.rejected:,} rows rejected: {self.out}"
        if self.unknown:
            told += f"\n{self.unknown:,} of them have no score now: their forecast is empty"
        return told


def forecast_file(request: ForecastRequest, paths: Paths) -> ForecastSummary:
    """Write forecasts, and rejects beside them; whole or not at all.

    Every row is in one of the two. Raises ConfigError where the output exists, ModelError,
    HorizonError, MapError, CohortError where the file as a whole cannot be read.
    """
    from pipeline.tracking import locate_model

    rejects_path = request.out.with_suffix(".rejects.csv")
    for path in (request.out, rejects_path):
        if path.exists() and not request.overwrite:
            raise ConfigError(f"{path} exists. Take another name, or replace it with --overwrite")
    forecaster = compile_forecaster(Forecaster.load(locate_model(request.model, paths.root).folder))
    request.out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = {
        path: path.with_name(f".{path.name}.unfinished") for path in (request.out, rejects_path)
    }
    try:
        summary = _write(request, forecaster, paths, *unfinished.values())
        for path, written in unfinished.items():
            written.replace(path)
    finally:
        for written in unfinished.values():
            written.unlink(missing_ok=True)
    return summary


def _write(
    request: ForecastRequest, forecaster: Forecaster, paths: Paths, out: Path, rejected: Path
) -> ForecastSummary:
    wanted = ScoreRequest(
        request.file, request.model, request.out, query=request.query, dialect=request.dialect
    )
    source = open_source(wanted)
    chosen = (
        CohortMap.load(request.cohort, paths.cohort_maps)
        if request.cohort
        else name_by_dictionary(source.columns, forecaster.dictionary, source.name)
    )
    rules = RowRules.for_columns(source.columns, chosen, forecaster.dictionary, source.decimal)
    years = request.years or forecaster.about.horizons
    rejects = CsvWriter(rejected, REJECTS_SCHEMA)
    nobody = pd.DataFrame(columns=list(rules.columns), dtype="str")
    schema = _schema_of(_rows(nobody, rules, forecaster, years, request)[0].schema.names)
    writer, done, unknown, lost = open_writer(out, request.out.suffix.lower(), schema), 0, 0, 0
    for batch in source.batches(rules.columns):
        piece, broken = _rows(batch.rows, rules, forecaster, years, request)
        writer.write(piece.cast(schema))
        for table in (broken, batch.unreadable):
            rejects.write(pa.Table.from_pandas(table, preserve_index=False).cast(REJECTS_SCHEMA))
            lost += len(table)
        done, unknown = done + len(piece), unknown + piece[1].null_count
    writer.close()
    rejects.close()
    return ForecastSummary(request.out, done, unknown, lost)


def _rows(
    rows: pd.DataFrame,
    rules: RowRules,
    forecaster: Forecaster,
    years: Sequence[float],
    request: ForecastRequest,
) -> tuple[pa.Table, pd.DataFrame]:
    read = read_rows(rows, rules)
    table = forecaster.forecast_checked(read.columns, years, request.thresholds)
    table.insert(0, "patient_id", read.identifiers)
    return pa.Table.from_pandas(table, preserve_index=False), read.rejects


def _schema_of(names: Sequence[str]) -> pa.Schema:
    """The patient and verdicts are text, all else numbers."""
    return pa.schema(
        [
            (name, pa.string() if name in TEXTS or name == "patient_id" else pa.float64())
            for name in names
        ]
    )
