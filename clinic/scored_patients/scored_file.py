"""The scored file that the list is made from: CSV or Parquet, as `calcirisk score` wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from clinic.scored_patients.store import IDENTIFIER
from features.covariate_fingerprint import FINGERPRINT
from features.errors import ConfigError

_CHUNK = 50_000
_NEEDED = (IDENTIFIER, "missing_inputs", "outside_training", FINGERPRINT, "digest")
_TEXTS = (IDENTIFIER, "reason_1", "outside_training", "digest", "risk_category")


def horizon_columns(scores: Path) -> list[str]:
    """The columns of risks, such as ``risk_10y``. Raises ConfigError where it is no scored file."""
    head = next(_chunks(scores, 1), None)
    columns = [] if head is None else [str(name) for name in head]
    for name in _NEEDED:
        if name not in columns:
            raise ConfigError(f"{scores} has no column {name}: it is not what `score` writes")
    found = [
        name
        for name in columns
        if name.startswith("risk_") and name[5:-1].replace(".", "").isdigit()
    ]
    if not found:
        raise ConfigError(f"{scores} has no column of risks: it is not what `score` writes")
    return found


def read_scores(scores: Path, digest: str) -> Iterator[pd.DataFrame]:
    """Chunks of the file. Raises ConfigError for another model's scores and risks that are none."""
    horizons = horizon_columns(scores)
    for chunk in _chunks(scores, _CHUNK):
        if not chunk["digest"].eq(digest).all():
            raise ConfigError(
                f"{scores} was scored by another model than the one asked for. Score again, "
                "or name the model that scored it (--model)"
            )
        for name in horizons:
            risks = pd.to_numeric(chunk[name], errors="coerce").to_numpy(np.float64)
            wrong = int((~((risks >= 0) & (risks <= 1))).sum())
            if wrong:
                raise ConfigError(
                    f"{scores}: {name} is blank or no risk from 0 to 1 in {wrong} rows. Score again"
                )
            chunk[name] = risks
        yield chunk if "reason_1" in chunk else chunk.assign(reason_1="")


def _chunks(scores: Path, size: int) -> Iterator[pd.DataFrame]:
    try:
        if scores.suffix.lower() == ".parquet":
            yield from _parquet_chunks(scores, size)
            return
        texts = dict.fromkeys(_TEXTS, "str")
        with pd.read_csv(scores, dtype=texts, keep_default_na=False, chunksize=size) as reader:
            yield from reader
    except (UnicodeDecodeError, ValueError, pd.errors.ParserError, OSError) as error:
        raise ConfigError(
            f"{scores} is no table that `score` wrote ({type(error).__name__}). "
            "Give a CSV or Parquet file of `calcirisk score`"
        ) from None


def _parquet_chunks(scores: Path, size: int) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(scores).iter_batches(size):
        chunk = batch.to_pandas()
        for name in _TEXTS:
            if name in chunk:
                chunk[name] = chunk[name].astype("str").replace({"nan": "", "None": ""})
        yield chunk
