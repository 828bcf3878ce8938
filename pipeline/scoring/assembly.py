"""From finished batches to the files that a person asked for, repeated patients taken out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline.fhir_output import ENDINGS, FhirWriter
from pipeline.scoring.columns import IDENTIFIER
from pipeline.scoring.repeats import Keys, find_repeats, make_keys
from pipeline.scoring.rows import NOT_SELECTED
from pipeline.scoring.source import REJECT_COLUMNS
from pipeline.scoring.tally import Tally
from pipeline.scoring.work_folder import WorkFolder
from pipeline.scoring.writers import CsvWriter, open_writer

REPEATED = "names the same patient more than once"
_TYPES = {"string": pa.string(), "double": pa.float64(), "int64": pa.int64()}
_REJECTS = pa.schema([("row", pa.int64()), *((name, pa.string()) for name in REJECT_COLUMNS[1:])])

BoolArray = npt.NDArray[np.bool_]


def assemble(
    work: WorkFolder,
    ending: str,
    told: Mapping[str, Mapping[str, Any]],
    constants: Mapping[str, str],
    identifier: str | None,
    tally: Tally,
) -> tuple[Path, Path]:
    """Write scored rows and rejects of all batches into the work folder; counts go to the tally.

    ``told``: every column of the output with its type. ``constants``: columns that are the same
    everywhere. ``identifier``: the source's column with the patient, None where rows have none.
    Returns the two files. Raises AssertionError where a row is lost or doubled.
    """
    schema = pa.schema([(name, _TYPES[str(about["type"])]) for name, about in told.items()])
    scored_path, rejects_path = work.path / "result", work.path / "rejects"
    scored_writer = (
        FhirWriter(scored_path, ending)
        if ending in ENDINGS
        else open_writer(scored_path, ending, schema)
    )
    rejects_writer = CsvWriter(rejects_path, _REJECTS)
    repeated = iter(_repeated(work)) if identifier is not None else None
    for finished in work.journal:
        scored, rejects = _read(work, finished.batch)
        if repeated is not None:
            scored, rejects = _take_out(scored, rejects, next(repeated), str(identifier))
        if len(scored) + len(rejects) != finished.rows:
            raise AssertionError(f"batch {finished.batch}: rows are lost or doubled")
        tally.add(scored)
        tally.n_rejected += len(rejects)
        columns = [
            pa.array([constants[n]] * 1).take(pa.array(np.zeros(len(scored), int)))
            if n in constants
            else pa.array(scored[n], from_pandas=True)
            for n in told
        ]
        scored_writer.write(pa.table(columns, names=list(told)).cast(schema))
        rejects_writer.write(pa.Table.from_pandas(rejects, _REJECTS, preserve_index=False))
    scored_writer.close()
    rejects_writer.close()
    return scored_path, rejects_path


def _read(work: WorkFolder, batch: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rejects = work.read_rejects(batch)
    if rejects is None:
        rejects = _REJECTS.empty_table()
    return work.read_scored(batch).to_pandas(), rejects.to_pandas()


def _repeated(work: WorkFolder) -> Iterator[BoolArray]:
    """For each batch, which of its identifiers (scored rows, then rejects) stand elsewhere too."""
    sizes: list[int] = []

    def keys() -> Iterator[Keys]:
        for finished in work.journal:
            identifiers, counted = _identifiers(work, finished.batch)
            sizes.append(int(counted.sum()))
            yield make_keys(identifiers[counted])

    n_rows = sum(finished.rows for finished in work.journal)
    repeated = find_repeats(keys(), n_rows, work.path)
    start = 0
    for finished, size in zip(work.journal, sizes, strict=True):
        _, counted = _identifiers(work, finished.batch)
        mask = np.zeros(len(counted), dtype=bool)
        mask[counted] = repeated[start : start + size]
        start += size
        yield mask


def _identifiers(work: WorkFolder, batch: int) -> tuple[pd.Series, BoolArray]:
    """The identifiers of a batch, and which count: not those of rows that nobody asked for."""
    named = [work.read_scored(batch).column(IDENTIFIER).to_pandas()]
    counted = [np.ones(len(named[0]), dtype=bool)]
    rejects = work.read_rejects(batch)
    if rejects is not None:
        named.append(rejects.column(IDENTIFIER).to_pandas())
        wanted = rejects.column("rule").to_pandas() != NOT_SELECTED
        counted.append((wanted & (named[1] != "")).to_numpy(dtype=bool))
    return pd.concat(named, ignore_index=True), np.concatenate(counted)


def _take_out(
    scored: pd.DataFrame, rejects: pd.DataFrame, repeated: BoolArray, column: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not repeated.any():
        return scored, rejects
    of_scored, of_rejects = repeated[: len(scored)], repeated[len(scored) :]
    moved = scored.loc[of_scored, ["row", IDENTIFIER]].assign(column=column, rule=REPEATED)
    rejects = rejects.copy()
    rejects.loc[of_rejects, "column"] += f"; {column}"
    rejects.loc[of_rejects, "rule"] += f"; {REPEATED}"
    together = pd.concat([rejects, moved], ignore_index=True).astype({"row": "int64"})
    return scored[~of_scored], together.sort_values("row", ignore_index=True)
