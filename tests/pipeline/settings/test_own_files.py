from __future__ import annotations

from pathlib import Path

import pytest

from features.cohort_map.cohort_map import CohortMap
from features.errors import MapError
from pipeline.commands import cli
from pipeline.commands.patients.own_files import name_files

MAP = """\
name: mine
file: named_in_the_map.csv
variables:
  age: AGE
endpoint: {title: Event, unit: years, event: E, time: T}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(MAP)
    rows = [f"{40 + i % 40},{i % 3 == 0:d},{1 + i % 9}" for i in range(120)]
    (tmp_path / "mine.csv").write_text("AGE,E,T\n" + "\n".join(rows) + "\n")
    return tmp_path


def _ingest(folder: Path, *options: str) -> int:
    own = ["--cohort", str(folder / "mine.yaml"), "--file", str(folder / "mine.csv")]
    return cli.main(["ingest", *own, *options])


def test_a_file_named_on_the_command_line_takes_the_place_of_the_map_s(own: Path) -> None:
    assert _ingest(own, "--out", str(own / "out")) == 0
    assert (own / "out" / "ingest" / "cohort.parquet").is_file()
    assert '"name": "mine.csv"' in (own / "out" / "source" / "source.json").read_text()


def test_a_check_writes_nothing_and_its_exit_code_tells(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ingest(own, "--out", str(own / "out"), "--check") == 0
    assert "can be ingested" in capsys.readouterr().out
    assert not (own / "out").exists()
    text = (own / "mine.csv").read_text().replace("AGE,", "AGES,")
    (own / "mine.csv").write_text(text)
    assert _ingest(own, "--check") == 2
    assert "AGE" in capsys.readouterr().out


def test_a_check_tells_of_leaks_and_of_horizons_beyond_the_follow_up(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # age grows with the length of follow-up, whether it ends with the event or not
    rows = [
        f"{40 + i % 40},{i % 3 == 0:d},{0.5 + i % 40 / 12 + i * 7 % 10 / 12:.3f}"
        for i in range(400)
    ]
    (own / "mine.csv").write_text("AGE,E,T\n" + "\n".join(rows) + "\n")
    assert _ingest(own, "--check") == 0
    told = capsys.readouterr().out
    assert "In the way of training:" in told
    assert 'leakage.accepted, "age.time"' in told
    assert "no usable horizon among 5, 10 years" in told
    assert "can be ingested, but not trained on as it is" in told


def test_a_lesion_file_needs_a_place_in_the_map(own: Path) -> None:
    with pytest.raises(MapError, match="has no 'lesions'"):
        name_files(CohortMap.load(own / "mine.yaml"), None, own / "lesions.csv")


def test_a_check_tells_of_too_few_events_to_train_on(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 32 events, of which training would see three quarters; it needs 30.
    lines = (own / "mine.csv").read_text().splitlines()[: 1 + 3 * 32]
    (own / "mine.csv").write_text("\n".join(lines) + "\n")
    assert _ingest(own, "--check") == 0
    told = capsys.readouterr().out
    assert "32 patients with the event, of whom about 24 would be trained on" in told
    assert "training needs 30" in told
