"""Every route and every field with what should never be sent: no 500, no echo, nothing stored."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from clinic.access.limits import LARGEST_BODY, RateLimit
from clinic.app import create_app
from clinic.site import Site
from tests.clinic.conftest import HOSTILE_NAME, LOCAL, keys_of, token_of
from tests.fast_part import fast_each

MARK = "zQx7"
HOSTILE = (
    f"<script>alert('{MARK}')</script>",
    f'"><img src=x onerror=alert("{MARK}")>',
    "{{ 'zQ' ~ 'x7' }}",
    f"{{% include '/etc/passwd' %}}{MARK}",
    f"../../../../etc/passwd{MARK}",
    f"' OR 1=1; DROP TABLE patients; -- {MARK}",
    f"\x00\x1b[31m{MARK}\r\nSet-Cookie: a=b",
    "-1",
    "-0",
    "1e308",
    "inf",
    "nan",
    "9" * 400,
    "0x10",
    "1_000",
    "٣٤",
    f"\u202e{MARK}\ufeff\U0001f480",
    f"{MARK}" * 5000,
)


READ_AS_FILES_DO = ("nan", "-0")


@pytest.fixture(autouse=True)
def nothing_is_stored_or_logged(site: Site, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    before = site.store.path.read_bytes()
    folder = sorted(site.store.path.parent.iterdir())
    with caplog.at_level(logging.DEBUG, logger="calcirisk.clinic"):
        yield
    assert site.store.path.read_bytes() == before
    assert sorted(site.store.path.parent.iterdir()) == folder
    assert not [record for record in caplog.records if record.name.startswith("calcirisk")]


def _is_harmless(text: str, page: str) -> None:
    """Only what a person could have mistyped, digits and the like, may stand in its field again."""
    for echo in (MARK, "root:"):
        assert echo not in page
    assert "<" not in text or text not in page


@pytest.mark.parametrize("text", fast_each(3, HOSTILE), ids=range(len(HOSTILE)))
def test_addresses_with_hostile_parts_are_refused_and_not_repeated(
    client: TestClient, text: str
) -> None:
    short = text[:900]
    for path in ("/patients/", "/population/", "/static/", "/new/", "/sign-in/", "/"):
        answer = client.get(path + quote(short, safe=""))
        assert answer.status_code in (400, 404, 405, 414)
        _is_harmless(short, answer.text)
    for name in ("sort", "order", "after", "before", "years"):
        for path in ("/patients", "/new", "/population", "/sign-in"):
            answer = client.get(path, params={name: short})
            assert answer.status_code in (200, 400, 404, 414)
            _is_harmless(short, answer.text)


@pytest.mark.parametrize("text", fast_each(5, HOSTILE), ids=range(len(HOSTILE)))
def test_every_field_of_the_form_takes_anything_and_repeats_nothing_hostile(
    client: TestClient, site: Site, text: str
) -> None:
    token = token_of(client.get("/new").text)
    short = text[:150]
    dictionary = site.assessor.scorer.dictionary
    everything = dict.fromkeys(dictionary, short) | {f"unit-{name}": short for name in dictionary}
    answer = client.post("/new", data={"csrf": token, **everything})
    assert answer.status_code == 422
    # A file reads "nan" as missing and "-0" as 0, and so does the form; a unit is still no unit.
    kinds = [v.kind for v in dictionary.values() if text not in READ_AS_FILES_DO or v.units]
    assert answer.text.count('aria-invalid="true"') >= len(kinds) - 10
    _is_harmless(short, answer.text)
    valid = {"age": "60", "sex": "male"}
    for name in ("years", "option", "step", short):
        answer = client.post("/new", data={"csrf": token, **valid, name: short})
        assert answer.status_code in (200, 404)
        _is_harmless(short, answer.text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_search_and_treatments_take_anything(client: TestClient, text: str) -> None:
    page = client.get("/patients").text
    token, key = token_of(page), keys_of(page)[1]
    for path, field in (("/patients", "identifier"), (f"/patients/{key}", "option")):
        answer = client.post(path, data={"csrf": token, field: text[:300]})
        assert answer.status_code == 200
        _is_harmless(text[:300], answer.text)
    answer = client.post(f"/patients/{key}", data={"csrf": token, "years": text[:300]})
    assert answer.status_code == 404


def test_a_script_in_an_identifier_is_text_on_every_page(client: TestClient) -> None:
    page = client.get("/patients?sort=patient_id&order=up").text
    key = keys_of(page)[0]
    for path in (
        "/patients?sort=patient_id&order=up",
        f"/patients/{key}",
        f"/patients/{key}/print",
    ):
        text = client.get(path).text
        assert HOSTILE_NAME not in text
        assert "&lt;script&gt;" in text


def test_ten_megabytes_are_refused_unread(client: TestClient) -> None:
    token = token_of(client.get("/new").text)
    answer = client.post("/new", data={"csrf": token, "age": "6" * 10_000_000})
    assert answer.status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"a" * (LARGEST_BODY // 10)

    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/new", content=pieces(), headers=kind).status_code == 413


def test_ten_thousand_fields_are_refused(client: TestClient) -> None:
    token = token_of(client.get("/new").text)
    answer = client.post("/new", content=f"csrf={token}&" + "a&" * 10_000, headers=_FORM)
    assert answer.status_code == 413


_FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/xml", ""])
def test_other_kinds_of_content_are_refused(client: TestClient, kind: str) -> None:
    for path in ("/new", "/patients", "/sign-in"):
        answer = client.post(path, content=f"{{{MARK}", headers={"content-type": kind})
        assert answer.status_code == 415
        assert MARK not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    for path in ("/patients", "/new", "/population", f"/patients/{MARK}"):
        assert client.request(method, path).status_code in (404, 405)


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/words/page_en.yaml", "/static//"],
)
def test_no_file_outside_the_static_folder_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_what_breaks_inside_says_nothing_of_why(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    guard = create_app(site)

    async def break_down(scope: object, receive: object, send: object) -> None:
        raise ValueError(MARK)

    guard.app = break_down
    with caplog.at_level(logging.DEBUG):
        answer = TestClient(guard, base_url=LOCAL).get("/patients")
    assert answer.status_code == 500
    assert MARK not in answer.text
    assert MARK not in caplog.text
    assert "ValueError in break_down" in caplog.text
    caplog.clear()


def test_every_form_needs_its_token(site: Site) -> None:
    guard = create_app(site)
    guard.rate = RateLimit(10_000, 10_000)
    client = TestClient(guard, base_url=LOCAL)
    for path in ("/new", "/patients", f"/patients/{'0' * 24}", "/sign-in", "/sign-out"):
        assert client.post(path, data={"csrf": "0" * 64}).status_code == 403


def test_a_length_too_long_to_be_a_number_is_refused(client: TestClient) -> None:
    answer = client.post("/new", content=b"a=b", headers={"content-length": "9" * 5000})
    assert answer.status_code == 413
