"""Who looked at whose page is written down, where nobody else can read it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from clinic.access.audit import AuditTrail
from clinic.access.security import Access
from clinic.app import create_app
from clinic.site import FOLDER, Site
from tests.clinic.conftest import LOCAL, keys_of


def _entries(folder: Path) -> list[dict[str, str]]:
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _site(site: Site, folder: Path, access: Access) -> TestClient:
    audited = replace(site, audit=AuditTrail(folder), access=access)
    return TestClient(create_app(audited), base_url=LOCAL)


def test_every_look_at_a_patient_says_who_what_and_whose(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    client = _site(site, folder, Access(behind_proxy=True))
    client.headers["X-Forwarded-User"] = "dr.house"
    keys = keys_of(client.get("/patients").text)
    for path in ("", "/print", "/leaflet", f"/compare?other={keys[3]}"):
        assert client.get(f"/patients/{keys[2]}{path}").status_code == 200
    found = _entries(folder)
    assert {one["who"] for one in found} == {"dr.house"}
    did = [one["did"] for one in found]
    assert did == ["list", "patient", "print", "leaflet", "comparison", "comparison"]
    named = [site.store.find(keys[2]), site.store.find(keys[3])]
    assert [one.get("patient") for one in found[1:]] == [
        *[named[0].patient_id] * 4,  # type: ignore[union-attr]
        named[1].patient_id,  # type: ignore[union-attr]
    ]
    assert all(one["time"].endswith("+00:00") for one in found)


def test_the_trail_names_a_session_and_never_its_cookie(site: Site, tmp_path: Path) -> None:
    token = "a-token-of-more-than-24-characters"
    client = _site(site, tmp_path / "audit", Access(token=token))
    cookie = site.seal.open_session()
    client.cookies.set("calcirisk_session", cookie)
    assert client.get("/patients").status_code == 200
    (entry,) = _entries(tmp_path / "audit")
    assert entry["who"].startswith(f"session {site.seal.name_session(cookie)}")
    assert cookie not in json.dumps(entry)


def test_what_cannot_be_written_down_is_not_shown(site: Site, tmp_path: Path) -> None:
    blocked = tmp_path / "audit"
    blocked.write_text("a file where the folder should be")
    answer = _site(site, blocked, Access()).get("/patients")
    assert answer.status_code == 500
    assert keys_of(answer.text) == []


def test_a_trail_is_not_written_through_a_link(tmp_path: Path) -> None:
    trail, elsewhere = AuditTrail(tmp_path / "audit"), tmp_path / "elsewhere"
    trail.record("me", "list")
    (file,) = (tmp_path / "audit").iterdir()
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"symbolic|link"):
        trail.record("me", "list")
    assert not elsewhere.exists()


def test_the_trail_lies_outside_what_is_served() -> None:
    from pipeline.settings.paths import Paths

    assert not Paths.default().stage("clinic").is_relative_to(FOLDER)
