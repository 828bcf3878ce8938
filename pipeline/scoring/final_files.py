"""From finished batches to the files that a person asked for, repeated patients taken out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.array_types import BoolArray
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.rows import NOT_SELECTED, REPEATED
from pipeline.scoring.account.counts import Account
from pipeline.scoring.batch import ROW
from pipeline.scoring.columns import IDENTIFIER
from pipeline.scoring.kept.repeats import Keys, find_repeats, make_keys
from pipeline.scoring.kept.work_folder import WorkFolder
from pipeline.scoring.output_schema import REJECTS_SCHEMA, output_schema
from pipeline.scoring.outputs.fhir_output import ENDINGS, FhirWriter
from pipeline.scoring.outputs.writers import CsvWriter, TableWriter, open_writer

# Pieces that may wait for the disk.
_WAITING = 4


def find_owners(work: WorkFolder, lesions: PatientLesions) -> BoolArray:
    """Which patients of a table of lesions (m,) have a row in any batch, scored or not."""
    owned = np.zeros(len(lesions.sums), dtype=bool)
    for finished in work.journal:
        owned |= lesions.find_owned(_identifiers(work, finished.batch)[0].to_pylist())
    return owned


def assemble(
    work: WorkFolder,
    ending: str,
    told: Mapping[str, Mapping[str, Any]],
    constants: Mapping[str, str],
    identifier: str | None,
    tally: Account,
) -> tuple[Path, Path]:
    """Write scored rows and rejects of all batches into the work folder; counts go to the tally.

    ``told``: every column of the output with its type. ``constants``: columns that are the same
    everywhere. ``identifier``: the source's column with the patient, None where rows have none.
    Returns the two files. Raises AssertionError where a row is lost or doubled.
    """
    schema = output_schema(told)
    scored_path, rejects_path = work.path / "result", work.path / "rejects"
    with ExitStack() as stack:
        scored_writer = (
            FhirWriter(scored_path, ending)
            if ending in ENDINGS
            else open_writer(scored_path, ending, schema)
        )
        stack.callback(scored_writer.abandon)
        rejects_writer = CsvWriter(rejects_path, REJECTS_SCHEMA)
        stack.callback(rejects_writer.abandon)
        _write_all(work, told, constants, identifier, tally, scored_writer, rejects_writer)
        scored_writer.close()
        rejects_writer.close()
    return scored_path, rejects_path


def _write_all(
    work: WorkFolder,
    told: Mapping[str, Mapping[str, Any]],
    constants: Mapping[str, str],
    identifier: str | None,
    tally: Account,
    scored_writer: TableWriter,
    rejects_writer: TableWriter,
) -> None:
    repeated = iter(_repeated(work)) if identifier is not None else None
    with _aside(scored_writer) as write:
        for finished in work.journal:
            scored, rejects = work.read_scored(finished.batch), _read_rejects(work, finished.batch)
            if repeated is not None:
                scored, rejects = _take_out(scored, rejects, next(repeated), str(identifier))
            if len(scored) + len(rejects) != finished.rows:
                raise AssertionError(f"batch {finished.batch}: rows are lost or doubled")
            tally.add(scored)
            tally.add_rejects(rejects)
            columns = [
                _repeat(constants[name], len(scored)) if name in constants else scored[name]
                for name in told
            ]
            write(pa.table(columns, names=list(told)))
            rejects_writer.write(rejects)


@contextmanager
def _aside(writer: TableWriter) -> Iterator[Any]:
    """A function that has pieces written, in order, while the next ones are made."""
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1) as pool:

        def write(piece: pa.Table) -> None:
            waiting.append(pool.submit(writer.write, piece))
            while len(waiting) > _WAITING:
                waiting.popleft().result()

        yield write
        while waiting:
            waiting.popleft().result()


def _repeat(text: str, n_rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(n_rows, np.int8), pa.array([text], pa.string()))


def _read_rejects(work: WorkFolder, batch: int) -> pa.Table:
    rejects = work.read_rejects(batch)
    return REJECTS_SCHEMA.empty_table() if rejects is None else rejects.cast(REJECTS_SCHEMA)


def _repeated(work: WorkFolder) -> Iterator[BoolArray]:
    """For each batch, which of its identifiers (scored rows, then rejects) stand elsewhere too."""
    sizes: list[tuple[int, int]] = []

    def keys() -> Iterator[Keys]:
        for finished in work.journal:
            identifiers, counted = _identifiers(work, finished.batch)
            sizes.append((len(counted), int(counted.sum())))
            yield make_keys(identifiers.filter(pa.array(counted)))

    n_rows = sum(finished.rows for finished in work.journal)
    repeated = find_repeats(keys(), n_rows, work.path)
    start = 0
    for finished, (size, n_counted) in zip(work.journal, sizes, strict=True):
        found = np.array(repeated[start : start + n_counted])
        if n_counted < size:
            counted = _identifiers(work, finished.batch)[1]
            mask = np.zeros(size, dtype=bool)
            mask[counted] = found
            found = mask
        start += n_counted
        yield found


def _identifiers(work: WorkFolder, batch: int) -> tuple[pa.ChunkedArray, BoolArray]:
    """The identifiers of a batch, and which count: not those of rows that nobody asked for."""
    named = work.read_scored(batch)[IDENTIFIER].cast(pa.large_string())
    rejects = work.read_rejects(batch)
    if rejects is None:
        return named, np.ones(len(named), dtype=bool)
    of_rejects = rejects[IDENTIFIER].cast(pa.large_string())
    wanted = pc.and_(pc.not_equal(rejects["rule"], NOT_SELECTED), pc.not_equal(of_rejects, ""))
    counted = np.concatenate([np.ones(len(named), dtype=bool), wanted.to_numpy()])
    return pa.chunked_array([*named.chunks, *of_rejects.chunks], pa.large_string()), counted


def _take_out(
    scored: pa.Table, rejects: pa.Table, repeated: BoolArray, column: str
) -> tuple[pa.Table, pa.Table]:
    if not repeated.any():
        return scored, rejects
    of_scored, of_rejects = pa.array(repeated[: len(scored)]), pa.array(repeated[len(scored) :])
    for position, name, more in ((2, "column", column), (3, "rule", REPEATED)):
        longer = pc.binary_join_element_wise(rejects[name], more, "; ")
        cells = pc.if_else(of_rejects, longer, rejects[name])
        rejects = rejects.set_column(position, REJECTS_SCHEMA.field(position), cells)
    moved = scored.filter(of_scored)
    cells = [moved[ROW], moved[IDENTIFIER], *(pa.repeat(t, len(moved)) for t in (column, REPEATED))]
    added = pa.table(cells, names=REJECTS_SCHEMA.names).cast(REJECTS_SCHEMA)
    together = pa.concat_tables([rejects, added]).sort_by("row")
    return scored.filter(pc.invert(of_scored)), together
