"""Patients that a query finds in a database, by SQLAlchemy: any that it knows a driver for."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa

from features.errors import ConfigError
from features.intake.files.header import check_header
from features.intake.sources.source import RawBatch, Witness
from features.intake.sources.typed_cells import to_frame

# Seconds to wait for a server, or for whoever is writing to a file.
_PATIENCE = 30


class SqlSource:
    """Rows of a query, streamed; see `features.intake.sources.source.Source`.

    The query is sent word for word, in a transaction that may only read.
    The query must give its rows in one order (ORDER BY), or a killed job cannot go on.
    """

    unit = "rows"
    decimal = "."
    total = None

    def __init__(self, url: str, query: str, batch_rows: int) -> None:
        self._query, self._size = query.strip().rstrip(";"), batch_rows
        self._url = _parse(url)
        self.name = self._url.render_as_string(hide_password=True)
        self.witness = Witness((), self.name)
        with self._rows() as result:
            self.columns = tuple(map(str, result.keys()))
        check_header(self.columns, self.name, "")

    def identity(self) -> dict[str, Any]:
        """Where the database is, without the password, and the query."""
        where = self._url.render_as_string(hide_password=True)
        digest = hashlib.sha256(self._query.encode()).hexdigest()
        return {"database": where, "query_sha256": digest, "batch_rows": self._size}

    def notes(self) -> list[str]:
        """That the order of the rows is left to the database."""
        told = "The query has no ORDER BY: a killed job could not have gone on"
        return [] if "order by" in self._query.lower() else [told]

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `features.intake.sources.source.Source`; the first row is 1."""
        wanted = [self.columns.index(name) for name in columns]
        with self._rows() as result:
            start = 1
            for number, rows in enumerate(result.partitions(self._size)):
                if number >= first:
                    cells = [pa.array(*_plain([row[i] for row in rows])) for i in wanted]
                    frame = to_frame(pa.table(cells, names=list(columns)), self.name)
                    frame.index = pd.RangeIndex(start, start + len(rows))
                    yield RawBatch(number, frame, done=start + len(rows) - 1)
                start += len(rows)

    @contextmanager
    def _rows(self) -> Iterator[Any]:
        """The result of the query, streamed from the server a batch at a time."""
        from sqlalchemy import create_engine
        from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            engine = create_engine(self._url, poolclass=NullPool, **_connect_safely(self._url))
        except (NoSuchModuleError, ImportError) as error:
            raise ConfigError(
                f"{self.name}: there is no driver for this database. Install the extra 'sql' for "
                "PostgreSQL (pip install calcirisk[sql])"
            ) from error
        left_early = False
        try:
            # word for word: a colon in it is a colon, a percent sign a percent sign
            options = {
                "stream_results": True,
                "max_row_buffer": self._size,
                "no_parameters": True,
                **_read_only(self._url),
            }
            with (
                engine.connect().execution_options(**options) as connection,
                connection.exec_driver_sql(self._query) as result,
            ):
                if not result.returns_rows:
                    raise ConfigError(f"{self.name}: the query gives no rows. Give it a SELECT")
                try:
                    yield result
                except GeneratorExit:
                    left_early = True
                    raise
        except DBAPIError as error:
            if left_early:  # closing failed, and nobody waits for what is left of the query
                return
            gone = "went away" if error.connection_invalidated else "refused or broke off"
            # The driver's own text may repeat rows of the table; its class says enough.
            kind = type(error.orig).__name__
            raise ConfigError(
                f"{self.name}: the database {gone} ({kind}). Check address, rights and query; "
                "what is scored so far is kept for --resume"
            ) from None
        except SQLAlchemyError as error:
            # nor is its statement repeated, whose literals may be a patient's
            raise ConfigError(
                f"{self.name}: the query cannot be run ({type(error).__name__}). Check it"
            ) from None


def _parse(url: str) -> Any:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except ArgumentError as error:
        raise ConfigError("The URL of the database cannot be read") from error


def _connect_safely(url: Any) -> dict[str, Any]:
    """Options of `create_engine`: no file is made, nobody waits for ever. Raises ConfigError."""
    kind = url.get_backend_name()
    if kind == "postgresql" and "connect_timeout" not in url.query:
        return {"connect_args": {"connect_timeout": _PATIENCE}}
    if kind != "sqlite":
        return {}
    path = Path(url.database or "")
    if not path.is_file():
        raise ConfigError(
            f"{url.render_as_string(hide_password=True)}: there is no such file. SQLite needs "
            "sqlite:///PATH, with four slashes where the path is absolute"
        )

    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=_PATIENCE, check_same_thread=False)

    return {"creator": connect}


def _read_only(url: Any) -> dict[str, Any]:
    return {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}


def _plain(cells: list[Any]) -> tuple[list[Any], pa.DataType | None]:
    """The cells of one column as Arrow can take them: of one type, or all as text."""
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds <= {int, float, bool}:
        whole = kinds <= {int} or kinds <= {bool}
        if not whole:
            return [None if cell is None else float(cell) for cell in cells], pa.float64()
        exact = all(cell is None or abs(cell) < 2**63 for cell in cells)
        if exact:
            return cells, None
    if kinds <= {str}:
        return cells, pa.large_string()
    if {kind.__name__ for kind in kinds} <= {"Decimal", "int", "float"}:
        return [None if cell is None else float(cell) for cell in cells], pa.float64()
    if {kind.__name__ for kind in kinds} <= {"date", "datetime"}:
        return [None if cell is None else cell.strftime("%Y-%m-%d") for cell in cells], None
    return [None if cell is None else str(cell) for cell in cells], pa.large_string()
