"""docs/python.md, run from its first line to its last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "python.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
# MLflow's own call of a pandas function that pandas 4 will have otherwise
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop")
@pytest.mark.usefixtures("tracking_root")
def test_the_page_runs_from_its_first_line_to_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "page"}
    for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, str(PAGE), "exec"), namespace)
    said = capsys.readouterr().out
    assert "c_index_10y" in said
    assert (tmp_path / "model_of_mine" / "about.json").is_file()
