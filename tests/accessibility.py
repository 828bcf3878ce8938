"""axe-core, as a package carries it: the script that finds what keeps people from using a page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest


def serious_findings(page: Any) -> list[tuple[str, str]]:
    """Rule and place of each serious or critical finding on the page that stands open."""
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    # through the debugger, which the pages' own policy does not bind
    page.evaluate(script)
    return [
        (violation["id"], violation["nodes"][0]["html"][:120])
        for violation in page.evaluate("axe.run(document)")["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
