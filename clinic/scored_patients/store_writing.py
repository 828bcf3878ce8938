"""Makes the store of scored patients once from a scored file and the covariates of its cohort."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from clinic.scored_patients.reproduction import find_reproduced
from clinic.scored_patients.scored_file import horizon_columns, read_scores
from clinic.scored_patients.store import IDENTIFIER, WORK_COLUMNS
from clinic.scored_patients.worklist import work_columns
from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError
from models.scorer import Scorer

FORMAT = "3"


def bring_store_up_to_date(
    store: Path, scores: Path, cohort_folder: Path | None, scorer: Scorer
) -> None:
    """Make the store again where the files it was made from have changed.

    Raises ConfigError where the scores are not those of the model, or of none of these patients.
    """
    for file in (scores, *([cohort_folder / "cohort.parquet"] if cohort_folder else [])):
        if not file.is_file():
            raise ConfigError(f"{file} is not there. Run `calcirisk score` first, or name another")
    made_from = _fingerprint(scores, cohort_folder, scorer.about.digest)
    if _read_fingerprint(store) == made_from:
        return
    covariates = None if cohort_folder is None else Cohort.read(cohort_folder).covariates
    write_store(store, scores, covariates, scorer, made_from)


def write_store(
    store: Path,
    scores: Path,
    covariates: pd.DataFrame | None,
    scorer: Scorer,
    made_from: str = "",
) -> None:
    """Write the store whole or not at all; only its owner may read it.

    Covariates that do not give a patient's risk again are not that patient's and are left out.
    Raises ConfigError where that is so of all, or where another model made the scores.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    unfinished = store.with_name(f".{store.name}.{os.getpid()}.unfinished")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        connection = sqlite3.connect(unfinished)
        try:
            _fill(connection, scores, covariates, scorer, made_from)
        finally:
            connection.close()
        unfinished.replace(store)
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(
    connection: sqlite3.Connection,
    scores: Path,
    covariates: pd.DataFrame | None,
    scorer: Scorer,
    made_from: str,
) -> None:
    digest = scorer.about.digest
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
    horizons = horizon_columns(scores)
    columns = [] if covariates is None else [str(name) for name in covariates]
    risks = ", ".join(f'"{name}" REAL NOT NULL' for name in horizons)
    work = ", ".join(WORK_COLUMNS)
    connection.execute(
        "CREATE TABLE patients (row INTEGER PRIMARY KEY, key TEXT NOT NULL, "
        f"{IDENTIFIER} TEXT NOT NULL COLLATE NOCASE, reason TEXT, missing INTEGER, outside TEXT, "
        f"{risks}, inputs BLOB, differs INTEGER NOT NULL, {work})"
    )
    places = ", ".join("?" * (8 + len(horizons) + len(WORK_COLUMNS)))
    n_patients = n_joined = n_differing = 0
    for chunk in read_scores(scores, digest):
        inputs, differs = _join(chunk, covariates, horizons, scorer)
        n_joined += sum(one is not None for one in inputs)
        n_differing += sum(differs)
        numbers = range(n_patients + 1, n_patients + len(chunk) + 1)
        keys = [secrets.token_hex(12) for _ in numbers]
        listed = [chunk[name].tolist() for name in (IDENTIFIER, "reason_1")]
        flags = [chunk["missing_inputs"].tolist(), chunk["outside_training"].tolist()]
        values = [chunk[name].tolist() for name in horizons]
        work_values = work_columns(chunk, covariates, [i is not None for i in inputs], horizons[-1])
        rows = zip(
            numbers, keys, *listed, *flags, *values, inputs, differs, *work_values, strict=True
        )
        connection.executemany(f"INSERT INTO patients VALUES ({places})", rows)
        n_patients += len(chunk)
    if n_differing and not n_joined:
        raise ConfigError(
            f"{scores} was not made from the covariates of the cohort folder: they give other "
            "risks under the same identifiers. Score again, or name the right --cohort-folder"
        )
    connection.execute("CREATE UNIQUE INDEX by_key ON patients (key)")
    for name in (IDENTIFIER, *horizons, "missing", "age", "cac"):
        connection.execute(f'CREATE INDEX "by_{name}" ON patients ("{name}")')
    facts = {
        "format": FORMAT,
        "made_from": made_from,
        "digest": digest,
        "horizons": json.dumps(horizons),
        "columns": json.dumps(columns),
        "n_patients": str(n_patients),
        "n_differing": str(n_differing),
        "scored_on": date.fromtimestamp(scores.stat().st_mtime).isoformat(),
    }
    connection.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)")
    connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
    connection.commit()


def _join(
    chunk: pd.DataFrame, covariates: pd.DataFrame | None, horizons: Sequence[str], scorer: Scorer
) -> tuple[list[bytes | None], list[bool]]:
    """Each patient's covariates, None where there are none; and whose do not give the risk again.

    The identifier alone joins nobody: two people may share one, or a file may have changed.
    """
    if covariates is None:
        return [None] * len(chunk), [False] * len(chunk)
    rows = covariates.index.get_indexer(pd.Index(chunk[IDENTIFIER]))
    there = rows >= 0
    known = covariates.iloc[rows[there]]
    same = find_reproduced(chunk[there], known, horizons, scorer)
    encoded = iter(_encode(known[same], scorer.dictionary))
    joined = there.copy()
    joined[there] = same
    return [next(encoded) if one else None for one in joined], (there & ~joined).tolist()


def _encode(known: pd.DataFrame, dictionary: Dictionary) -> list[bytes]:
    """Each patient's covariates as float64, categories by position."""
    matrix: npt.NDArray[np.float64] = np.empty(known.shape)
    for i, name in enumerate(known):
        variable = dictionary[str(name)]
        if variable.kind == "category":
            position = {code: float(place) for place, code in enumerate(variable.codes)}
            matrix[:, i] = known[name].map(position).to_numpy(np.float64)
        else:
            matrix[:, i] = known[name].to_numpy(np.float64)
    return [line.tobytes() for line in matrix]


def _fingerprint(scores: Path, cohort_folder: Path | None, digest: str) -> str:
    files = [scores] if cohort_folder is None else [scores, cohort_folder / "cohort.parquet"]
    stamps = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return json.dumps([FORMAT, digest, stamps])


def _read_fingerprint(store: Path) -> str | None:
    if not store.is_file():
        return None
    try:
        connection = sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)
        found = connection.execute("SELECT value FROM facts WHERE name = 'made_from'").fetchone()
        connection.close()
    except sqlite3.Error:
        return None
    return None if found is None else str(found[0])
