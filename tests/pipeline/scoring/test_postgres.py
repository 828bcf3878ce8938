from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy

from features.errors import ConfigError
from pipeline.scoring import batch as part
from pipeline.scoring.batch import score_batch
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.risk_rules import ScoringRules
from pipeline.settings.params import Paths
from tests.pipeline.scoring.conftest import BATCH_ROWS
from tests.pipeline.scoring.postgres import Server, find_binaries

Tables = tuple[pd.DataFrame, pd.DataFrame]

BINARIES = find_binaries()
pytestmark = [
    pytest.mark.skipif(BINARIES is None, reason="needs the programs of PostgreSQL"),
]

QUERY = "SELECT * FROM patients ORDER BY place"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    assert BINARIES is not None
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Server(Path(folder), BINARIES)
        yield server
        server.stop()


@pytest.fixture
def asked(server: Server, request_: ScoreRequest, patients: pd.DataFrame) -> ScoreRequest:
    fill(server, patients)
    return replace(request_, file=server.url, query=QUERY, run_id="night")


def fill(server: Server, patients: pd.DataFrame) -> None:
    # a query still open holds the table, and replacing it would wait for ever
    patience = {"options": "-c lock_timeout=20s"}
    engine = sqlalchemy.create_engine(
        server.url, poolclass=sqlalchemy.NullPool, connect_args=patience
    )
    table = patients.rename_axis("place").reset_index()
    table.to_sql("patients", engine, index=False, if_exists="replace")
    engine.dispose()


def test_a_query_gives_the_scores_of_the_same_patients_in_a_file(
    asked: ScoreRequest, request_: ScoreRequest, paths: Paths
) -> None:
    def written() -> dict[str, bytes]:
        files = {path.name: path.read_bytes() for path in request_.out.parent.iterdir()}
        schema = json.loads(files.pop("risks.schema.json"))
        # a file is named by its hash, which a query has not
        schema.pop("input", None)
        return {**files, "schema": json.dumps(schema).encode()}

    score_stream(replace(request_, run_id="night"), paths)
    expected = written()
    score_stream(replace(asked, overwrite=True), paths)
    assert written() == expected


@pytest.mark.slow
def test_when_the_database_goes_away_nothing_is_lost(
    asked: ScoreRequest,
    paths: Paths,
    server: Server,
    patients: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = patients["patient_id"]
    many = [patients.assign(patient_id=named + f"-{copy}") for copy in range(10)]
    fill(server, pd.concat(many, ignore_index=True))
    score_stream(asked, paths)
    expected = {path.name: path.read_bytes() for path in asked.out.parent.iterdir()}

    def stop_at_ninth(rows: pd.DataFrame, rules: ScoringRules) -> Tables:
        if rows.index[0] == 1 + BATCH_ROWS * 9:
            server.stop()
        return score_batch(rows, rules)

    with monkeypatch.context() as patch:
        patch.setattr(part, "score_batch", stop_at_ninth)
        with pytest.raises(ConfigError, match=r"the database .* kept for --resume"):
            score_stream(replace(asked, overwrite=True), paths)
    server.start()
    again = replace(asked, resume=True)
    score_stream(again, paths)
    assert {path.name: path.read_bytes() for path in asked.out.parent.iterdir()} == expected


def test_a_query_that_gives_other_rows_than_before_is_not_gone_on_with(
    asked: ScoreRequest,
    paths: Paths,
    server: Server,
    patients: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(rows: pd.DataFrame, rules: ScoringRules) -> Tables:
        if rows.index[0] == 1 + BATCH_ROWS * 4:
            raise MemoryError
        return score_batch(rows, rules)

    with monkeypatch.context() as patch:
        patch.setattr(part, "score_batch", fail)
        with pytest.raises(MemoryError):
            score_stream(asked, paths)
    fill(server, patients.iloc[::-1].reset_index(drop=True))
    with pytest.raises(ConfigError, match="other rows than before"):
        score_stream(replace(asked, resume=True), paths)


def test_the_password_is_in_no_output(asked: ScoreRequest, paths: Paths) -> None:
    url = str(asked.file).replace("calcirisk@", "calcirisk:secret@")
    score_stream(replace(asked, file=url), paths)
    for path in Path(asked.out.parent).iterdir():
        assert b"secret" not in path.read_bytes()
