"""Pages and drawings looked at as a browser shows them: which share of the pixels is drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def open_page(path: Path) -> Iterator[Any]:
    """The file in a browser; a skipped test where there is none."""
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser at {CHROMIUM}")
    with browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        yield page
        browser.close()


def share_drawn(picture: bytes) -> float:
    """Share of the pixels of a PNG that are not of its commonest colour."""
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=np.int64)
    colours = pixels @ np.array([65536, 256, 1])
    commonest = np.bincount(colours.ravel()).argmax()
    return float((colours != commonest).mean())
