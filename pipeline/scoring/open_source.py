"""Which source a request means."""

from __future__ import annotations

from pathlib import Path

from features.errors import ConfigError
from features.intake.decoding import PARQUET, refuse
from features.intake.fhir.files import is_fhir
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
    if path.is_dir() or _is_parquet(path):
        from features.intake.sources.parquet_source import ParquetSource

        return ParquetSource(path, request.batch_rows)
    from features.intake.sources.csv_source import CsvSource

    return CsvSource(path, request.dialect, request.batch_rows)


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET)) == PARQUET
    except FileNotFoundError as error:
        raise refuse(str(path), "is not there", "Check the name of the file") from error
    except OSError as error:
        raise refuse(str(path), f"cannot be read ({error.strerror})", "Check it") from error
