"""Every kind of broken cohort file ends in a clear message and exit code 2; nothing is written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CalciriskError
from features.intake.ingestion import Limits
from pipeline.stages.ingest import check_cohort, run_ingest
from tests.broken_cohorts import BROKEN, Broken, sound_cohort
from tests.fast_part import fast_each

TODAY = date(2026, 11, 1)


def _place(broken: Broken, folder: Path) -> Path:
    (folder / "mine.csv").write_bytes(broken.bytes())
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(broken.map_content(), sort_keys=False))
    return path


def _ingest(path: Path, limit: float = 0.0) -> None:
    limits = Limits(limit, TODAY)
    run_ingest(CohortMap.load(path), Dictionary.load(), limits, path.parent / "out", (path.parent,))


def test_there_are_more_than_forty_five_kinds() -> None:
    assert len({broken.name for broken in BROKEN}) == len(BROKEN) > 45


def test_the_cohort_that_they_are_made_from_is_sound(tmp_path: Path) -> None:
    _ingest(_place(Broken("sound", ()), tmp_path))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cohort.json",
        "cohort.parquet",
        "rejects.csv",
        "report.json",
    ]


@pytest.mark.parametrize("broken", fast_each(2, BROKEN), ids=lambda broken: broken.name)
def test_a_broken_file_is_refused_with_words_that_help(broken: Broken, tmp_path: Path) -> None:
    path = _place(broken, tmp_path)
    with pytest.raises(CalciriskError) as raised:
        _ingest(path, broken.limit)
    message = str(raised.value)
    assert [word for word in broken.words if word not in message] == [], message
    assert raised.value.exit_code == 2
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.unfinished").exists()


@pytest.mark.parametrize("broken", fast_each(8, BROKEN), ids=lambda broken: broken.name)
def test_the_command_line_says_the_same_without_a_traceback(
    broken: Broken,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from pipeline.commands.cli import main

    path = _place(broken, tmp_path)
    params = _strict_params(tmp_path, path, broken.limit)
    monkeypatch.setenv("CALCIRISK_COHORTS", str(tmp_path))
    code = main(["ingest", "--params", str(params), "--out", str(tmp_path / "outputs")])
    shown = capsys.readouterr()
    assert code == 2
    assert [word for word in broken.words if word not in shown.err] == [], shown.err
    assert "Traceback" not in shown.err + shown.out


def _strict_params(folder: Path, map_path: Path, limit: float) -> Path:
    from pipeline.settings.params import find_root

    content = yaml.safe_load((find_root() / "params.yaml").read_text(encoding="utf-8"))
    content["cohort"] = str(map_path)
    content["ingest"]["max_reject_fraction"] = limit
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    table = sound_cohort().drop(columns=["chol", "sbp"]).assign(age="adult")
    table.loc[1, "id"] = "00000"
    path = _place(Broken("many", (), table=lambda _: table), tmp_path)
    with pytest.raises(CalciriskError) as raised:
        _ingest(path)
    for column in ("chol", "sbp", "age", "id"):
        assert f"  - {column}: " in str(raised.value)


# Values that occur nowhere else, so that one of them in a message can only be a patient's.
PLANTED = {
    "id": "77313771",
    "age": "7731.25",
    "sex": "unmistakable",
    "chol": "88442.5",
    "hdl": "kaleidoscope",
    "event": "55",
    "event_days": "-66117",
    "entered": "3719-11-23",
}


def test_no_message_holds_a_patients_value(tmp_path: Path) -> None:
    table = sound_cohort()
    for row, (column, value) in enumerate(PLANTED.items()):
        table.loc[10 * row : 10 * row + 4, column] = value
    path = _place(Broken("planted", (), table=lambda _: table), tmp_path)
    with pytest.raises(CalciriskError) as raised:
        _ingest(path)
    limits = Limits(1.0, TODAY)
    _, checked = check_cohort(CohortMap.load(path), Dictionary.load(), limits, (tmp_path,))
    for value in PLANTED.values():
        assert value not in str(raised.value).replace("(55 rows)", "")
        assert value not in checked


def test_rejects_name_row_column_and_rule_and_never_the_value(tmp_path: Path) -> None:
    table = sound_cohort()
    table.loc[3, "age"] = "7731.25"
    path = _place(Broken("planted", (), table=lambda _: table), tmp_path)
    _ingest(path, limit=0.1)
    rejects = (tmp_path / "out" / "rejects.csv").read_text()
    # The header is row 1, so the fourth patient stands in row 5.
    assert rejects.splitlines() == ["row,column,rule", "5,age,age outside 18 to 110 years"]
