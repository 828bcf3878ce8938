"""What a job may believe: nothing that was changed since it was written or first read."""

from __future__ import annotations

import os
import random
import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from features.cohort_map.dialect import Dialect
from features.errors import CalciriskError, CohortError, ConfigError
from features.intake.sources.source import RawBatch
from features.intake.sources.text.csv_source import CsvSource
from pipeline.scoring import job_setup as preparation
from pipeline.scoring.batch import score_part
from pipeline.scoring.job import score_stream
from pipeline.scoring.kept.work_folder import WorkFolder
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.risk_rules import ScoringRules
from pipeline.settings.params import Paths
from tests.pipeline.scoring.conftest import written


@pytest.fixture
def broken_off(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> ScoreRequest:
    """The request of a job that broke off behind its ninth batch, with --resume."""

    def fail(rows: pd.DataFrame, unreadable: pd.DataFrame, rules: ScoringRules) -> object:
        if rows.index[0] > 30 * 9:
            raise MemoryError
        return score_part(rows, unreadable, rules)

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.scoring.job.score_part", fail)
        with pytest.raises(MemoryError):
            score_stream(request_, paths)
    return replace(request_, resume=True)


def reference(request: ScoreRequest, folder: Path, paths: Paths) -> dict[str, bytes]:
    other = replace(request, out=folder / "whole" / request.out.name)
    score_stream(other, paths)
    return written(other)


def test_a_byte_changed_anywhere_between_two_samples_is_another_input(
    broken_off: ScoreRequest, paths: Paths
) -> None:
    table = pd.read_parquet(broken_off.file)
    table["age"] = table["age"].sample(frac=1, random_state=1).to_numpy()
    table.to_parquet(broken_off.file, index=False)
    with pytest.raises(ConfigError, match="input changed since the job was begun"):
        score_stream(broken_off, paths)


def test_other_code_does_not_go_on_with_a_job(
    broken_off: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "hash_code", lambda: "other")
    with pytest.raises(ConfigError, match="code changed since the job was begun"):
        score_stream(broken_off, paths)


@pytest.mark.parametrize("kind", ["changed", "cut", "grown", "replaced"])
def test_a_file_that_changes_while_it_is_read_leaves_no_output(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    file = Path(request_.file).with_suffix(".csv")
    pd.read_parquet(request_.file).to_csv(file, index=False)
    data = file.read_bytes()
    changes: dict[str, Callable[[], object]] = {
        "changed": lambda: file.write_bytes(data.replace(b"female", b"male  ", 1)),
        "cut": lambda: os.truncate(file, len(data) // 2),
        "grown": lambda: file.write_bytes(data + data[-200:]),
        "replaced": lambda: (
            file.rename(file.with_suffix(".old")),
            shutil.copy(file.with_suffix(".old"), file),
        ),
    }
    honest = CsvSource.batches
    done: list[RawBatch] = []

    def batches(self: CsvSource, columns: tuple[str, ...], first: int = 0) -> object:
        with closing(honest(self, columns, first)) as found:
            for batch in found:
                yield batch
                if not done:
                    changes[kind]()
                done.append(batch)

    monkeypatch.setattr(CsvSource, "batches", batches)
    asked = replace(request_, file=file)
    with pytest.raises(CohortError, match="was changed while it was read"):
        score_stream(asked, paths)
    assert not asked.out.exists()
    assert not WorkFolder.path_for(asked.out).exists()


def test_a_flipped_bit_in_what_is_kept_is_never_another_output(
    broken_off: ScoreRequest, paths: Paths, tmp_path: Path
) -> None:
    expected = reference(broken_off, tmp_path, paths)
    mutate_and_resume(broken_off, paths, expected, n=8, seed=3)


@pytest.mark.slow
def test_ten_thousand_flipped_cut_doubled_and_lost_pieces_are_never_another_output(
    broken_off: ScoreRequest, paths: Paths, tmp_path: Path
) -> None:
    expected = reference(broken_off, tmp_path, paths)
    mutate_and_load(broken_off, n=10_000, seed=4)
    mutate_and_resume(broken_off, paths, expected, n=200, seed=5)


def mutate_and_resume(
    request: ScoreRequest, paths: Paths, expected: dict[str, bytes], n: int, seed: int
) -> None:
    """Damage one thing of the work folder, go on: the same bytes as without, or an error."""
    work, kept = WorkFolder.path_for(request.out), request.out.parent.with_name("kept")
    shutil.copytree(request.out.parent, kept)
    draw, refused = random.Random(seed), 0
    for _ in range(n):
        shutil.rmtree(request.out.parent)
        shutil.copytree(kept, request.out.parent)
        mutate(draw.choice(sorted(work.iterdir())), draw)
        try:
            score_stream(request, paths)
        except CalciriskError as error:
            refused += 1
            assert "damaged" in str(error) or "changed" in str(error), error
        else:
            there = written(request)
            assert {name: there[name] for name in expected} == expected
    assert refused
    shutil.rmtree(request.out.parent)
    shutil.copytree(kept, request.out.parent)
    score_stream(request, paths)
    assert {name: one for name, one in written(request).items() if name in expected} == expected


def mutate_and_load(request: ScoreRequest, n: int, seed: int) -> None:
    """Damage one thing: what is read back is what was written, in part or whole, or an error."""
    work, kept = WorkFolder.path_for(request.out), request.out.parent.with_name("intact")
    shutil.copytree(work, kept)
    honest = WorkFolder.acquire(request.out)
    honest.load()
    journal = list(honest.journal)
    tables = {one.batch: honest.read_scored(one.batch) for one in journal}
    rejects = {one.batch: honest.read_rejects(one.batch) for one in journal}
    honest.close()
    names, draw, refused = sorted(path.name for path in kept.iterdir()), random.Random(seed), 0
    for _ in range(n):
        name = draw.choice(names)
        mutate(work / name, draw)
        found = WorkFolder.acquire(request.out)
        try:
            found.load()
            assert found.journal == journal[: len(found.journal)]
            for one in found.journal:
                assert found.read_scored(one.batch).equals(tables[one.batch])
                again = found.read_rejects(one.batch)
                known = rejects[one.batch]
                assert (again is None) == (known is None)
                assert again is None or again.equals(known)
        except ConfigError as error:
            refused += 1
            assert "damaged" in str(error)
        finally:
            found.close()
        shutil.copy(kept / name, work / name)
    assert refused > n // 2


def mutate(path: Path, draw: random.Random) -> None:
    """A bit flipped, bytes cut, doubled or overwritten, lines doubled or moved, or no file."""
    data = bytearray(path.read_bytes())
    at = draw.randrange(len(data))
    lines = bytes(data).splitlines(keepends=True)
    kinds: list[Callable[[], bytes]] = [
        lambda: bytes(data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]),
        lambda: bytes(data[:at]),
        lambda: bytes(data[:at] + data[at // 2 :]),
        lambda: bytes(data[:at] + draw.randbytes(8) + data[at + 8 :]),
        lambda: b"".join([*lines, lines[-1]]),
        lambda: b"".join(draw.sample(lines, len(lines))),
        lambda: b"",
    ]
    path.write_bytes(draw.choice(kinds)())


def test_a_planted_link_costs_no_file_and_leaves_no_patient_behind_it(
    request_: ScoreRequest, paths: Paths, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.mkdir()
    (target / "thesis.txt").write_text("mine")
    request_.out.parent.mkdir()
    WorkFolder.path_for(request_.out).symlink_to(target)
    with pytest.raises(ConfigError, match="no folder of ours"):
        score_stream(replace(request_, overwrite=True), paths)
    assert [path.name for path in target.iterdir()] == ["thesis.txt"]


def test_the_output_may_be_neither_the_input_nor_its_rejects(
    request_: ScoreRequest, paths: Paths
) -> None:
    file = Path(request_.file)
    text = file.with_name("risks.rejects.csv")
    pd.read_parquet(file).to_csv(text, index=False)
    before = file.read_bytes(), text.read_bytes()
    for asked in (
        replace(request_, out=file, overwrite=True),
        replace(request_, file=text, out=text.with_name("risks.csv"), overwrite=True),
    ):
        with pytest.raises(ConfigError, match="would replace what is read"):
            score_stream(asked, paths)
    assert (file.read_bytes(), text.read_bytes()) == before


def test_rejects_and_schema_stay_those_of_one_output(request_: ScoreRequest, paths: Paths) -> None:
    score_stream(request_, paths)
    before = written(request_)
    other = replace(request_, out=request_.out.with_suffix(".parquet"), overwrite=True)
    with pytest.raises(ConfigError, match=r"are those of risks\.csv"):
        score_stream(other, paths)
    assert written(request_) == before


def test_an_output_that_came_while_a_job_waited_for_its_model_is_not_replaced(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second job starts while the first one is at work, and gets on when it is done."""
    honest = preparation.prepare

    def slow(request: ScoreRequest, *rest: object, **named: object) -> object:
        with pytest.raises(ConfigError, match="is in use by another job"):
            score_stream(replace(request_, n_reasons=1), paths)
        return honest(request, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("pipeline.scoring.job.prepare", slow)
    score_stream(request_, paths)
    assert "reason_1" not in pd.read_csv(request_.out)


def test_all_that_holds_patients_is_for_its_owner_alone(
    broken_off: ScoreRequest, paths: Paths
) -> None:
    work = WorkFolder.path_for(broken_off.out)
    for path in (work, *work.iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    score_stream(broken_off, paths)
    for path in (broken_off.out, broken_off.rejects, broken_off.schema):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_pipe_is_told_from_a_file(request_: ScoreRequest, paths: Paths, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(CohortError, match="is a pipe or a device"):
        score_stream(replace(request_, file=tmp_path / "pipe.csv"), paths)


def test_a_damaged_page_of_parquet_is_found_by_its_checksum(
    request_: ScoreRequest, paths: Paths
) -> None:
    table = parquet.read_table(request_.file)
    options = {"use_dictionary": False, "compression": "none", "write_page_checksum": True}
    parquet.write_table(table, request_.file, **options)
    data = bytearray(Path(request_.file).read_bytes())
    place = data.index(b"p0123") + 4
    data[place] = ord("9")
    Path(request_.file).write_bytes(data)
    with pytest.raises(CohortError, match="damaged"):
        score_stream(request_, paths)


def test_the_batch_of_a_source_is_what_was_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("age,sex\n50,male\n51,female\n")
    source = CsvSource(file, Dialect(), 10)
    source.witness.start()
    batches: list[RawBatch] = list(source.batches(source.columns))
    assert sum(batch.n_rows for batch in batches) == 2
    source.witness.require_same_contents()
    file.write_text("age,sex\n50,male\n52,female\n")
    with pytest.raises(CohortError, match="was changed while it was read"):
        source.witness.require_same_contents()
