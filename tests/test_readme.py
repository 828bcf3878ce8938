from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.section import read_text_yaml
from features.dictionary.dictionary import Dictionary
from features.intake.map_check import check_map
from pipeline.commands.cli import app
from pipeline.commands.listing import markdown_groups

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_table_of_variables_is_that_of_the_dictionary() -> None:
    _, table, _ = re.split(r"<!-- (?:variables|end).*-->\n", README)
    assert table.strip() == markdown_groups()


def test_the_two_commands_come_first() -> None:
    commands = re.findall(r"^    (\w.*?)(?:  .*)?$", README, flags=re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


def test_the_map_shown_is_a_valid_map(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    path = tmp_path / "clinic.yaml"
    path.write_text(re.sub(r"(?m)^   ", "", block[1]), encoding="utf-8")
    check_map(CohortMap.read("clinic.yaml", read_text_yaml(path)), Dictionary.load())


def test_every_command_shown_exists() -> None:
    known = {c.callback.__name__.replace("_", "-") for c in app.registered_commands if c.callback}
    shown = set(re.findall(r"(?:^|`|&& )\s*calcirisk (\w[\w-]*)", README, flags=re.MULTILINE))
    assert shown <= known


def test_the_stages_shown_are_those_of_the_pipeline() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    table = README.split("| stage | does | writes |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\w+) \|", table, flags=re.MULTILINE) == list(stages)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
