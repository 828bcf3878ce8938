"""Which source a request means, opened and begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from features.cohort_map.dialect import Dialect
from features.errors import ConfigError
from features.intake.fhir.export.export_files import is_fhir
from features.intake.sources.open_file import open_file
from features.intake.sources.source import RawBatch, Source, require_file
from pipeline.files.destinations import existing, map_of
from pipeline.scoring.outputs.fhir_output import ENDINGS
from pipeline.scoring.request import ScoreRequest


def open_source(request: ScoreRequest, by_map: Dialect | None = None) -> Source:
    """The source behind ``request.file``: database, health record, or a file of rows.

    ``by_map``: how the map says that the file is written; the request itself has the last word.
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
    require_file(path)
    if is_fhir(path):
        from pipeline.scoring.sources.fhir_source import FhirSource

        with_basis = request.out.suffix.lower() in ENDINGS
        return FhirSource(path, request.batch_rows, request.index_date, with_basis)
    if request.index_date is not None:
        raise ConfigError("--index-date is for health records: .json, .ndjson")
    dialect = request.dialect.over(by_map or Dialect())
    return open_file(path, dialect, request.batch_rows)


def files_of(request: ScoreRequest) -> tuple[Path, ...]:
    """The files and folders that a request has read: no output may take their place."""
    where, lesions = str(request.file), request.lesions
    found = [] if "://" in where else [Path(where)]
    if where.startswith("sqlite"):
        found.append(Path(where.partition(":///")[2].partition("?")[0] or "."))
    if ":/" not in request.model:
        found.append(Path(request.model).expanduser())
    return tuple(one for one in existing(*found, lesions, map_of(request.cohort)) if one != Path())


class BegunSource:
    """The batches of a source with these columns; ``first``: the first of them, None if empty.

    Whoever makes one closes it: an open query holds its table.
    """

    def __init__(self, source: Source, columns: Sequence[str]) -> None:
        self._source, self._columns = source, columns
        self._batches = source.batches(columns)
        self.first = next(self._batches, None)

    def batches(self, start: int = 0) -> Iterator[RawBatch]:
        """Batches from number ``start`` on; to be asked for once."""
        if start:
            self.close()
            self._batches = self._source.batches(self._columns, start)
            return self._batches
        return chain([] if self.first is None else [self.first], self._batches)

    def close(self) -> None:
        """Let go of the source."""
        self._batches.close()
