from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from models.plots.style import write_svg
from models.report.inline_svg import inline_svg
from tests.models.plots.test_explanation_plots import beeswarm
from tests.models.report.conftest import SVG


def test_two_drawings_in_one_page_share_no_id() -> None:
    found = [
        {
            element.get("id")
            for element in ElementTree.fromstring(inline_svg(SVG, name, "t", "d")).iter()
        }
        - {None}
        for name in ("one", "two")
    ]
    assert not found[0] & found[1]


def test_what_refers_to_an_id_follows_it() -> None:
    drawn = inline_svg(SVG, "one", "t", "d")
    assert 'href="#one-tick"' in drawn and 'id="one-tick"' in drawn
    assert "url(#one-clip)" in drawn


def test_it_asks_the_network_for_nothing_runs_nothing_and_styles_nothing_else() -> None:
    drawn = inline_svg(SVG, "one", "t", "d")
    for banned in ("elsewhere", "onclick", "<style", "metadata", "DOCTYPE"):
        assert banned not in drawn


@pytest.mark.parametrize(
    ("tag", "href", "kept"),
    [
        ("image", "data:image/png;base64,iVBORw0KGgo=", True),
        ("image", "data:image/svg+xml;base64,PHN2Zz4=", False),
        ("image", "data:text/html,hello", False),
        ("use", "data:image/png;base64,iVBORw0KGgo=", False),
        ("a", "https://elsewhere.example", False),
    ],
)
def test_pixels_within_the_file_stay_and_nothing_else_is_loaded(
    tag: str, href: str, kept: bool
) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="72pt"><{tag} href="{href}"/></svg>'
    assert (href in inline_svg(svg, "one", "t", "d")) is kept


def test_the_dots_of_a_beeswarm_survive_being_put_into_a_page(tmp_path: Path) -> None:
    path = tmp_path / "beeswarm.svg"
    write_svg(beeswarm(), path, "title")
    drawn = ElementTree.fromstring(inline_svg(path.read_text(), "one", "t", "d"))
    images = [one for one in drawn.iter() if one.tag.endswith("image")]
    assert images and all(
        value.startswith("data:image/png")
        for one in images
        for key, value in one.attrib.items()
        if key.endswith("href")
    )
    assert sum(len(str(one.attrib)) for one in images) > 2000


def test_those_who_cannot_see_it_hear_its_name_and_what_it_shows() -> None:
    root = ElementTree.fromstring(inline_svg(SVG, "one", "A name", "What <it> shows"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "one-title one-desc"
    assert [child.text for child in list(root)[:2]] == ["A name", "What <it> shows"]


def test_it_grows_with_the_page_up_to_its_own_width() -> None:
    root = ElementTree.fromstring(inline_svg(SVG, "one", "t", "d"))
    assert root.get("width") is None
    assert "max-width: 96px" in str(root.get("style"))  # 72 points
