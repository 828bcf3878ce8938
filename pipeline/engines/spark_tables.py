"""Tables of the engine spark: rows with their numbers, rows scored, repeats, rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pyarrow as pa

from features.intake.rows import NOT_SELECTED
from features.intake.sources.typed_cells import to_frame
from pipeline.scoring.batch import ROW, BatchRules, score_batch
from pipeline.scoring.columns import IDENTIFIER, MISSING
from pipeline.scoring.output_schema import output_schema

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Columns that travel with the rows; no source has such names.
COLUMN, RULE = "__column", "__rule"
_FILE, _POSITION, _AGAIN = "__file", "__position", "__again"


@dataclass(frozen=True)
class PartitionTask:
    """Scores the rows of a partition.

    ``before``: for each file, how many rows of the source come ahead of it. ``schema``: of staged
    rows, see `staged_schema`.
    """

    name: str
    rules: BatchRules
    before: Mapping[str, int]
    schema: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Staged rows of one batch of raw rows after another."""
        self.rules.set_threads(1)
        for batch in batches:
            yield from self.stage(batch).to_batches()

    def stage(self, batch: pa.RecordBatch) -> pa.Table:
        """n raw rows as n staged ones: scored, or with the column and the rule that they break."""
        names = [name for name in batch.schema.names if name not in (_FILE, _POSITION)]
        rows = to_frame(batch.select(names), self.name)
        rows.index = pd.Index(self._numbers(batch))
        scored, rejects = score_batch(rows, self.rules)
        parts = (
            scored.rename_axis(ROW).reset_index(),
            rejects.rename(columns={"row": ROW, "column": COLUMN, "rule": RULE}),
        )
        return pa.concat_tables([_to_arrow(part, self.schema) for part in parts])

    def _numbers(self, batch: pa.RecordBatch) -> np.ndarray[Any, np.dtype[np.int64]]:
        files = batch.column(_FILE).dictionary_encode()
        before = np.array([self.before[file] for file in files.dictionary.to_pylist()], np.int64)
        positions = batch.column(_POSITION).to_numpy()
        return np.asarray(before[files.indices.to_numpy()] + positions + 1)


def staged_schema(rules: BatchRules, told: Mapping[str, Mapping[str, Any]]) -> pa.Schema:
    """``__row``, the scores, ``__missing``, and for rejects ``__column`` and ``__rule``.

    ``told``: what each column of the output holds.
    """
    texts = [(name, pa.string()) for name in (MISSING, COLUMN, RULE)]
    return pa.schema([(ROW, pa.int64()), *output_schema(told, rules.output), *texts])


def _to_arrow(table: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        if field.name not in table:
            columns.append(pa.nulls(len(table), field.type))
            continue
        column = table[field.name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype("str")
        columns.append(pa.array(column, field.type, from_pandas=True))
    return pa.Table.from_arrays(columns, schema=schema)


def read_numbered(spark: SparkSession, source: Path, columns: Sequence[str]) -> DataFrame:
    """The columns of a file or folder of Parquet, with the file and place of each row."""
    from pyspark.sql.functions import col

    table = spark.read.parquet(address(source, to_read=True))
    file, position = col("_metadata.file_path"), col("_metadata.row_index")
    return table.select(*map(_column, columns), file.alias(_FILE), position.alias(_POSITION))


def address(path: Path, to_read: bool = False) -> str:
    """A path as Spark takes it: nothing encoded; in reading, what could be a pattern escaped."""
    name = str(path.resolve())
    if to_read:
        name = re.sub(r"([*?{}\[\]\\])", r"\\\1", name)
    return f"file://{name}"


def count_before(numbered: DataFrame) -> dict[str, int]:
    """For each file, how many rows come ahead of it where files follow by their paths."""
    counts = {row[_FILE]: row["count"] for row in numbered.groupBy(_FILE).count().collect()}
    before, total = {}, 0
    for file in sorted(counts, key=lambda address: Path(unquote(urlsplit(address).path))):
        before[file] = total
        total += counts[file]
    return before


def settle_repeats(staged: DataFrame, column: str, rule: str) -> DataFrame:
    """Make rejects of all rows of an identifier that stands in several, in any partition.

    Rows that the map leaves out, or without an identifier, do not count.
    """
    from pyspark.sql.functions import col, concat_ws, lit, when

    asked_for = col(RULE).isNull() | (col(RULE) != NOT_SELECTED)
    counted = asked_for & (col(IDENTIFIER) != "")
    counts = staged.filter(counted).groupBy(IDENTIFIER).count()
    repeated = counts.filter(col("count") > 1).select(IDENTIFIER, lit(True).alias(_AGAIN))
    marked = staged.join(repeated, IDENTIFIER, "left")
    again = col(_AGAIN) & counted
    return marked.withColumns(
        {
            COLUMN: when(again, concat_ws("; ", COLUMN, lit(column))).otherwise(col(COLUMN)),
            RULE: when(again, concat_ws("; ", RULE, lit(rule))).otherwise(col(RULE)),
        }
    )


def select_scored(
    staged: DataFrame, columns: Sequence[str], constants: Mapping[str, str]
) -> DataFrame:
    """The scored rows in the order of the source; ``constants``: columns the same everywhere."""
    from pyspark.sql.functions import col, lit

    wanted = [
        lit(constants[name]).alias(name) if name in constants else _column(name) for name in columns
    ]
    return staged.filter(col(RULE).isNull()).orderBy(ROW).select(*wanted)


def select_rejects(staged: DataFrame) -> DataFrame:
    """The rows that are not scored, in the order of the source."""
    from pyspark.sql.functions import col

    told = (col(ROW).alias("row"), IDENTIFIER, col(COLUMN).alias("column"), col(RULE).alias("rule"))
    return staged.filter(col(RULE).isNotNull()).orderBy(ROW).select(*told)


def count_missing(staged: DataFrame) -> dict[str, int]:
    """Scored rows by what `InputRanges.name_missing` says of them."""
    from pyspark.sql.functions import col

    counts = staged.filter(col(RULE).isNull()).groupBy(MISSING).count().collect()
    return {row[MISSING]: row["count"] for row in counts}


def _column(name: str) -> Column:
    from pyspark.sql.functions import col

    return col("`" + name.replace("`", "``") + "`")
