"""docs/surveys.md, run from its first line to its last: what it prints is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "surveys.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_page_runs_and_what_it_prints_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {"__name__": "page"}
    for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, str(PAGE), "exec"), namespace)
    said = capsys.readouterr().out
    number = r"(\d\.\d+)"
    found = re.search(rf"population {number}, observed {number} \({number} to {number}\)", said)
    assert found is not None
    population, observed, lower, upper = map(float, found.groups())
    assert lower < population < upper
    assert observed == pytest.approx(population, rel=0.1)
    found = re.search(rf"cohort {number}, sample {number}, taken for a cohort {number}", said)
    assert found is not None
    population, sampled, heedless = map(float, found.groups())
    assert sampled == pytest.approx(population, rel=0.05)
    assert heedless > 2 * population
    found = re.search(rf"true {number}, heeding {number}, heedless {number}", said)
    assert found is not None
    true, heeding, heedless = map(float, found.groups())
    assert heeding == pytest.approx(true, abs=0.03)
    assert heedless < true - 0.08
    found = re.search(rf"observed by 85 {number}, predicted {number}", said)
    assert found is not None
    observed, predicted = map(float, found.groups())
    assert predicted == pytest.approx(observed, abs=0.05)
