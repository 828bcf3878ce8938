from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from clinic.access.limits import RateLimit
from clinic.access.security import Access, Seal
from clinic.app import create_app
from clinic.site import Site
from features.errors import ConfigError
from tests.clinic.conftest import LOCAL, keys_of, token_of

TOKEN = "a-token-of-more-than-24-letters"


def _client(site: Site, access: Access) -> TestClient:
    return TestClient(create_app(replace(site, access=access)), base_url="http://10.0.0.5:8400")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "clinic.example", ""])
def test_listening_elsewhere_needs_a_token_or_a_proxy(host: str) -> None:
    with pytest.raises(ConfigError, match="Listening on"):
        Access(host)
    assert not Access(host, token=TOKEN).is_loopback
    assert not Access(host, behind_proxy=True).is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_this_machine_needs_neither(host: str) -> None:
    assert Access(host).is_loopback


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 24"):
        Access(token="secret")


def test_the_token_is_not_in_the_text_of_the_settings() -> None:
    assert TOKEN not in repr(Access(token=TOKEN))


def test_without_the_token_there_is_only_the_sign_in_page(site: Site) -> None:
    client = _client(site, Access("0.0.0.0", token=TOKEN))
    key = site.store.list_patients("risk_10y", True, 1).patients[0].key
    for path in ("/", "/patients", f"/patients/{key}", "/new", "/population", "/nothing"):
        answer = client.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert not answer.content
    forged = {"cookie": "calcirisk_session=9999999999." + "0" * 64}
    assert client.get("/patients", headers=forged, follow_redirects=False).status_code == 303


def test_the_token_opens_the_pages_and_a_wrong_one_does_not(site: Site) -> None:
    client = _client(site, Access("0.0.0.0", token=TOKEN))
    csrf = token_of(client.get("/sign-in").text)
    assert client.post("/sign-in", data={"csrf": csrf, "token": "wrong"}).status_code == 403
    answer = client.post("/sign-in", data={"csrf": csrf, "token": TOKEN})
    assert answer.url.path == "/patients"
    assert "Sign out" in answer.text
    client.post("/sign-out", data={"csrf": token_of(answer.text)})
    assert client.get("/patients", follow_redirects=False).status_code == 303


def test_guessing_the_token_is_slowed_down(site: Site) -> None:
    client = _client(site, Access("0.0.0.0", token=TOKEN))
    csrf = token_of(client.get("/sign-in").text)
    sent = {"csrf": csrf, "token": "guess"}
    statuses = [client.post("/sign-in", data=sent).status_code for _ in range(8)]
    assert statuses[:5] == [403] * 5
    assert set(statuses[5:]) == {429}


def test_behind_a_proxy_only_whom_it_names_is_served(site: Site) -> None:
    client = _client(site, Access("0.0.0.0", behind_proxy=True))
    assert client.get("/patients").status_code == 403
    assert client.get("/patients", headers={"x-forwarded-user": " "}).status_code == 403
    answer = client.get("/patients", headers={"x-forwarded-user": "dr.a"})
    assert answer.status_code == 200
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_foreign_name_for_our_address_is_refused(site: Site) -> None:
    client = TestClient(create_app(site), base_url="http://evil.example:8400")
    assert client.get("/patients").status_code == 400


def test_a_form_from_elsewhere_is_refused(client: TestClient) -> None:
    token = token_of(client.get("/new").text)
    sent = {"csrf": token, "identifier": "p"}
    assert client.post("/patients", data=sent).status_code == 200
    foreign = {"origin": "http://evil.example"}
    assert client.post("/patients", data=sent, headers=foreign).status_code == 403
    assert client.post("/patients", data=sent, headers={"origin": "null"}).status_code == 403
    client.cookies.clear()
    assert client.post("/patients", data=sent).status_code == 403


def test_the_token_of_one_browser_is_of_no_use_to_another(site: Site) -> None:
    guard = create_app(site)
    one, other = (TestClient(guard, base_url=LOCAL) for _ in range(2))
    token = token_of(one.get("/new").text)
    other.get("/new")
    assert other.post("/patients", data={"csrf": token, "identifier": "p"}).status_code == 403


def test_no_page_may_be_kept_framed_or_run_foreign_code(client: TestClient) -> None:
    key = keys_of(client.get("/patients").text)[0]
    for path in ("/patients", f"/patients/{key}", "/new", "/nothing", f"/patients/{'0' * 24}"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
    cookie = client.get("/new", headers={"cookie": ""}).headers.get(
        "set-cookie", "HttpOnly; strict"
    )
    assert "httponly" in cookie.lower()
    assert "strict" in cookie.lower()


def test_no_address_holds_a_patients_data(client: TestClient, site: Site) -> None:
    page = client.get("/patients?sort=patient_id").text
    for patient in site.store.list_patients("patient_id", True, 50).patients[:20]:
        assert f"/patients/{patient.patient_id}" not in page
        assert patient.patient_id not in patient.key
    assert "after=" in page
    assert all(len(key) == 24 for key in keys_of(page))


def test_too_many_requests_are_refused_until_time_has_passed() -> None:
    now = [0.0]
    limit = RateLimit(per_second=1.0, burst=3, clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b")
    now[0] = 2.0
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]


def test_a_session_is_worth_nothing_to_another_process_or_when_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seal = Seal()
    session = seal.open_session()
    assert seal.accepts_session(session)
    assert not Seal().accepts_session(session)
    assert not seal.accepts_session("")
    monkeypatch.setattr(
        "clinic.access.security.time.time", lambda: int(session.split("-")[0]) + 9 * 3600
    )
    assert not seal.accepts_session(session)


def test_a_cookie_is_worth_nothing_after_signing_out(site: Site) -> None:
    client = _client(site, Access("0.0.0.0", token=TOKEN))
    csrf = token_of(client.get("/sign-in").text)
    page = client.post("/sign-in", data={"csrf": csrf, "token": TOKEN}).text
    copied = client.cookies["calcirisk_session"]
    client.post("/sign-out", data={"csrf": token_of(page)})
    again = {"cookie": f"calcirisk_session={copied}"}
    assert client.get("/patients", headers=again, follow_redirects=False).status_code == 303


def test_a_session_that_nobody_uses_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    seal = Seal()
    now = [1_000_000.0]
    monkeypatch.setattr("clinic.access.security.time.time", lambda: now[0])
    session = seal.open_session()
    for _ in range(3):
        now[0] += 29 * 60
        assert seal.accepts_session(session)
    now[0] += 31 * 60
    assert not seal.accepts_session(session)
    now[0] -= 31 * 60
    assert not seal.accepts_session(session)
