"""Which source a request means."""

from __future__ import annotations

from pathlib import Path

from features.errors import ConfigError
from features.intake.fhir.files import is_fhir
from features.intake.sources.open_file import open_file
from features.intake.sources.source import Source
from pipeline.scoring.fhir_output import ENDINGS
from pipeline.scoring.request import ScoreRequest


def open_source(request: ScoreRequest) -> Source:
    """The source behind ``request.file``: database, folder, Parquet, health record or text.

    Raises CohortError where it is not there or cannot be read, ConfigError.
    """
    where = str(request.file)
    if "://" in where:
        if request.query is None:
            raise ConfigError("A database needs --query, the rows to score")
        from features.intake.sources.sql_source import SqlSource

        return SqlSource(where, request.query, request.batch_rows)
    if request.query is not None:
        raise ConfigError("--query needs the URL of a database in place of a file")
    path = Path(request.file)
    if is_fhir(path):
        from pipeline.scoring.fhir_source import FhirSource

        with_basis = request.out.suffix.lower() in ENDINGS
        return FhirSource(path, request.batch_rows, request.index_date, with_basis)
    if request.index_date is not None:
        raise ConfigError("--index-date is for health records: .json, .ndjson")
    return open_file(path, request.dialect, request.batch_rows)
