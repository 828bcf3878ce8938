"""The pages in a real browser: with and without JavaScript, phone, desktop and paper."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from clinic.access.limits import RateLimit
from clinic.app import create_app
from clinic.site import Site
from tests.accessibility import serious_findings

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path(os.environ.get("CALCIRISK_CHROMIUM", "/usr/bin/chromium"))
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 900)}

_COLOURS_OF_BARS = """() => {
  const bars = [...document.querySelectorAll('.why svg rect, .why svg path')].filter(
    e => e.getBoundingClientRect().width > 3);
  const ground = getComputedStyle(document.querySelector('.why .drawing')).backgroundColor;
  return {bars: bars.length,
          same_as_ground: bars.filter(e => getComputedStyle(e).fill === ground).length};
}"""
_WORDS_BEFORE_THE_FIRST_FOLD = """() => {
  const words = [], main = document.querySelector("main"), fold = main.querySelector("details");
  const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const box = node.parentElement, unseen = box.closest(".hidden, title, desc");
    if (fold.compareDocumentPosition(node) & 2 && !unseen && box.checkVisibility()) {
      words.push(...node.textContent.split(/\\s+/).filter((word) => word));
    }
  }
  return words.length;
}"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """The pages served as the command serves them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    guard = create_app(site)
    guard.rate = RateLimit(10_000, 10_000)
    server = uvicorn.Server(uvicorn.Config(guard, port=port, access_log=False, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


def _open(browser: Any, size: str = "desktop", javascript: bool = True) -> tuple[Any, list[str]]:
    width, height = SIZES[size]
    viewport = {"width": width, "height": height}
    page = browser.new_context(viewport=viewport, java_script_enabled=javascript).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda r: said.append(r.url) if "127.0.0.1" not in r.url else None)
    return page, said


def _first_patient(page: Any, address: str) -> str:
    page.goto(f"{address}/patients")
    page.click("table.list tbody tr:first-child a")
    page.wait_for_load_state()
    return str(page.url)


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_all_pages_fit_their_screen_and_complain_of_nothing(
    browser: Any, address: str, language: str, size: str, javascript: bool
) -> None:
    page, said = _open(browser, size, javascript)
    page.goto(f"{address}/language/{language}")
    patient = _first_patient(page, address)
    for url in (patient, f"{address}/patients", f"{address}/new", f"{address}/population"):
        page.goto(url)
        assert page.locator("h1").is_visible()
        boxes = page.locator("main").bounding_box()
        assert boxes["width"] <= SIZES[size][0]
        if javascript:
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, url
    assert said == []


@pytest.mark.parametrize("javascript", [True, False])
def test_a_clinician_can_search_sort_enter_and_combine(
    browser: Any, address: str, javascript: bool
) -> None:
    page, said = _open(browser, "desktop", javascript)
    page.goto(f"{address}/patients")
    page.fill("#identifier", "p0005")
    page.click("text=Find")
    assert page.locator("table.list tbody tr").count() == 1
    assert "p0005" not in page.url
    page.goto(f"{address}/new")
    page.fill("#f-age", "61")
    page.fill("#f-ldl_cholesterol", "3.9")
    page.fill("#f-systolic_bp", "150")
    page.click("text=Calculate risk")
    assert page.locator("#e-sex").is_visible()
    assert page.input_value("#f-age") == "61"
    page.select_option("#f-sex", "male")
    page.select_option("select[name=unit-ldl_cholesterol]", "mmol/L")
    page.click("text=Calculate risk")
    assert page.locator(".risk .big").is_visible()
    page.locator(".helps input[type=checkbox]").first.check()
    if javascript:
        # taken together as it is ticked, and the focus stays
        page.wait_for_selector(".combined")
        assert page.evaluate("document.activeElement.name") == "option"
    else:
        page.click(".helps button")
        assert page.url.endswith("/new#helps")
    assert page.locator(".combined").is_visible()
    # the form with an error in it comes with a status that browsers report
    assert [line for line in said if "422" not in line] == []


def test_the_pages_work_by_keyboard_alone(browser: Any, address: str) -> None:
    page, _ = _open(browser)
    page.goto(f"{address}/patients")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "identifier"
    page.keyboard.type("p00")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    page.goto(f"{address}/new")
    page.locator("text=Calculate risk").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#errors")
    assert page.evaluate("document.activeElement.id") == "errors"


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_sheet_of_every_patient_is_one_page(
    browser: Any, address: str, site: Site, language: str
) -> None:
    page, _ = _open(browser)
    page.goto(f"{address}/language/{language}")
    shown = site.store.list_patients("risk_10y", True, 3).patients
    for patient in (*shown, *site.store.list_patients("missing", True, 1).patients):
        page.goto(f"{address}/patients/{patient.key}/print")
        sheet = page.pdf(prefer_css_page_size=True, print_background=True)
        assert sheet.count(b"/Type /Page\n") == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_answer_stands_on_one_screen_in_few_words(
    browser: Any, address: str, site: Site, language: str
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{address}/language/{language}")
    for patient in site.store.list_patients("risk_10y", True, 3).patients:
        page.goto(f"{address}/patients/{patient.key}")
        answer = page.locator("#answer").bounding_box()
        assert answer["y"] + answer["height"] <= 800
        assert page.evaluate(_WORDS_BEFORE_THE_FIRST_FOLD) < 300


def test_what_is_ticked_changes_the_answer_without_leaving_the_page(
    browser: Any, address: str, site: Site
) -> None:
    page, said = _open(browser)
    for patient in site.store.list_patients("risk_10y", True, 30).patients:
        page.goto(f"{address}/patients/{patient.key}")
        boxes = page.locator(".helps input[type=checkbox]")
        if boxes.count():
            break
    before = page.locator(".people p").inner_text()
    boxes.first.check()
    page.wait_for_selector(".combined")
    assert page.url.endswith(patient.key)
    assert page.locator(".people p").inner_text() != before or "NNT" in page.content()
    assert said == []


def test_the_list_of_a_phone_shows_the_main_risk_of_each_patient(
    browser: Any, address: str
) -> None:
    page, _ = _open(browser, "phone")
    page.goto(f"{address}/patients")
    risk = page.locator("table.list tbody tr:first-child td", has_text="%").first
    box = risk.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= SIZES["phone"][0]


def test_back_from_the_print_shows_the_patient_again(browser: Any, address: str) -> None:
    page, _ = _open(browser)
    patient = _first_patient(page, address)
    page.click("text=Print")
    page.wait_for_load_state()
    page.go_back()
    assert page.url == patient
    assert page.locator(".risk .big").is_visible()


def test_drawings_keep_their_colours_in_high_contrast(browser: Any, address: str) -> None:
    page, _ = _open(browser)
    page.emulate_media(forced_colors="active")
    page.goto(_first_patient(page, address))
    shown = page.evaluate(_COLOURS_OF_BARS)
    assert shown["bars"] > 0
    assert shown["same_as_ground"] == 0


def test_at_200_percent_nothing_is_cut(browser: Any, address: str) -> None:
    # a zoom of 200 % halves the width that a page has
    page = browser.new_context(
        viewport={"width": 640, "height": 400}, device_scale_factor=2
    ).new_page()
    for url in (_first_patient(page, address), f"{address}/patients", f"{address}/new"):
        page.goto(url)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, url


@pytest.mark.parametrize(
    ("size", "language"), [("phone", "en"), ("desktop", "en"), ("desktop", "de")]
)
def test_axe_finds_nothing_serious_on_any_page(
    browser: Any, address: str, size: str, language: str
) -> None:
    page, _ = _open(browser, size)
    page.goto(f"{address}/language/{language}")
    patient = _first_patient(page, address)
    paths = ("/patients", "/new", "/population", "/population/age", "/nothing")
    page.goto(f"{address}/patients")
    other = page.locator("table.list tbody tr:nth-child(2) a").first.get_attribute("href")
    side_by_side = f"{patient}/compare?other={str(other).rpartition('/')[2]}"
    found = []
    for url in (patient, side_by_side, f"{patient}/print", *(address + path for path in paths)):
        page.goto(url)
        found += [(url.removeprefix(address)[:12], *one) for one in serious_findings(page)]
    assert found == []
