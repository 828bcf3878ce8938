from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands import cli, listing
from pipeline.settings.params import STAGES

COMMANDS = [
    command.callback.__name__.replace("_", "-")
    for command in cli.app.registered_commands
    if command.callback
]
PERSONS = {"run", "summary", "cohorts", "variables", "monitor", "promote", "clinic"} | {
    "fhir",
    "lesions",
    "forget",
    "sign",
    "reference-scores",
}


def test_every_stage_is_a_command_and_a_person_has_a_few_more() -> None:
    assert set(COMMANDS) == {*STAGES, *PERSONS}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([name, "--help"]) == 0
    told, examples = capsys.readouterr().out.split("Examples:")
    assert f"Usage: calcirisk {name}" in told
    assert f"calcirisk {name}" in examples


def test_the_list_of_commands_is_not_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    listed = capsys.readouterr().out.split("Commands:")[1]
    assert "..." not in listed


def test_what_a_person_can_mend_goes_to_stderr_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["variables", "--group", "lipid"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("There is no group 'lipid'. Groups: demographic,")
    assert cli.main(["summary", "--params", str(tmp_path / "none.yaml")]) == 2


def test_a_stage_says_which_one_has_to_run_before_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["featurize", "--out", str(tmp_path)]) == 2
    assert f"run `calcirisk ingest --out {tmp_path}` first" in capsys.readouterr().err


def test_an_unknown_command_or_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trian"]) == 2
    assert "train" in capsys.readouterr().err
    assert cli.main(["train", "--no-such-option"]) == 2


def test_a_programming_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(group: str | None) -> str:
        raise KeyError(group)

    monkeypatch.setattr(listing, "list_variables", fail)
    with pytest.raises(KeyError):
        cli.main(["variables"])


def test_variables_and_cohorts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["variables", "--group", "calcium"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["variable", "group"]
    assert {line.split()[1] for line in lines[2:]} == {"calcium"}
    assert cli.main(["cohorts"]) == 0
    assert "synthetic" in capsys.readouterr().out


def test_help_comes_without_importing_anything_heavy() -> None:
    code = (
        "import sys; from pipeline.commands.cli import main; code = main(['--help']);"
        "heavy = {'pandas', 'numpy', 'yaml', 'sklearn', 'xgboost', 'mlflow', 'dvc', 'rich'};"
        "sys.exit(code or ','.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module", ["pipeline", "pipeline.commands.cli"])
def test_every_way_to_start_the_program_runs_it_and_gives_its_exit_code(module: str) -> None:
    command = [sys.executable, "-m", module, "variables", "--group", "lipid"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no group 'lipid'")
