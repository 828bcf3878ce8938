"""The page as a browser lays it out, and what axe-core says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.report.material import Material
from models.report.rendering import render_report
from tests.accessibility import serious_findings
from tests.models.report.conftest import SVG

CHROMIUM = Path("/usr/bin/chromium")
A4_CONTENT, DESKTOP, PHONE = 688, 1280, 375

pytestmark = pytest.mark.slow


@pytest.fixture
def page(compared: Material, tmp_path: Path) -> Iterator[Any]:
    """The report in a browser that may ask for nothing but the file itself."""
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser at {CHROMIUM}")
    figures = {"calibration_held_out_10y": SVG, "calibration_held_out_5y": SVG}
    path = tmp_path / "report.html"
    path.write_text(render_report(replace(compared, figures=figures)), encoding="utf-8")
    with browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        yield page
        browser.close()


def test_it_loads_one_file_and_nothing_else(page: Any) -> None:
    assert [url for url in page.asked if not url.startswith("data:")] == [page.url]


@pytest.mark.parametrize(
    ("medium", "width"), [("screen", DESKTOP), ("screen", PHONE), ("print", A4_CONTENT)]
)
def test_nothing_is_wider_than_the_page(page: Any, medium: str, width: int) -> None:
    page.emulate_media(media=medium)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_serious(page: Any) -> None:
    assert serious_findings(page) == []
