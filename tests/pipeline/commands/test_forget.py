from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipeline.commands import cli
from pipeline.files.stage_folder import written_whole
from pipeline.files.tables import written_whole as tables_written_whole
from pipeline.scoring.batch import make_part
from pipeline.scoring.kept.journal import Finished
from pipeline.scoring.kept.work_folder import WorkFolder
from pipeline.settings.paths import Paths

PLANTED = "PLANTED-4711"


def leave_unfinished_work(out: Path) -> None:
    """What a scoring job that was killed behind its first batch leaves."""
    work = WorkFolder.acquire(out)
    work.begin({"fingerprint": "x"})
    scored = pd.DataFrame({"patient_id": [PLANTED]}, index=[1])
    rejects = pd.DataFrame({"row": [2], "patient_id": [PLANTED]})
    work.add(Finished(0, 2, 1, 1, 2), make_part(scored, rejects))
    work.close()


def leave_unfinished_tables(out: Path) -> None:
    with pytest.raises(SystemExit), tables_written_whole([out], (), False) as tables:
        tables.append(pd.DataFrame({"patient_id": [PLANTED]}), out)
        folder = next(out.parent.glob(".*.tables"))
        kept = (folder / out.name).read_bytes()
        raise SystemExit
    assert not folder.exists()  # what ends in order leaves nothing; what is killed leaves this:
    folder.mkdir()
    (folder / out.name).write_bytes(kept)


def search(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if PLANTED.encode() in path.read_bytes()]


def test_no_planted_identifier_is_left_of_what_the_program_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    paths = Paths(root)
    monkeypatch.setattr("pipeline.commands.patients.forget.Paths.default", lambda: paths)
    for folder in (root / ".dvc" / "cache" / "files", root / "data" / "raw", elsewhere):
        folder.mkdir(parents=True)
    (root / ".dvc" / "cache" / "files" / "ab12").write_text(PLANTED)
    (root / "data" / "raw" / "given.csv").write_text(PLANTED)
    for stage in ("ingest", "train", "score"):
        with written_whole(stage, paths) as staged:
            (staged.stage(stage) / "patients.csv").write_text(PLANTED)
    leave_unfinished_work(root / "risks.csv")
    leave_unfinished_work(elsewhere / "risks.parquet")
    leave_unfinished_tables(elsewhere / "scores.csv")
    before = search(tmp_path)
    assert len(before) >= 8
    assert cli.main(["forget", str(elsewhere)]) == 0
    assert search(tmp_path) == before
    assert "Say --yes" in capsys.readouterr().out
    assert cli.main(["forget", "--yes", str(elsewhere)]) == 0
    assert search(tmp_path) == [root / "data" / "raw" / "given.csv"]
    capsys.readouterr()
    assert cli.main(["forget"]) == 0
    assert capsys.readouterr().out == "Nothing is left of any patient here.\n"
