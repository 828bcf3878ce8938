"""Many at once, some of whom say nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
import uvicorn
from starlette.testclient import TestClient

from clinic.access import punctual
from clinic.access.limits import RateLimit
from clinic.access.punctual import PunctualProtocol
from clinic.app import create_app
from clinic.site import Site
from tests.clinic.conftest import LOCAL


@pytest.fixture
def port(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(punctual, "SECONDS", 1.0)
    guard = create_app(site)
    guard.rate = RateLimit(10_000, 10_000)
    config = uvicorn.Config(guard, port=0, http=PunctualProtocol, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(5)


def test_connections_that_say_nothing_cost_others_nothing_and_are_closed(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for one in silent[:50]:
        one.sendall(b"GET /patients HTTP/1.1\r\nHost: 127.0")
    with urlopen(f"http://127.0.0.1:{port}/patients", timeout=30) as answer:
        assert answer.status == 200
    for one in silent:
        one.settimeout(30)
        assert one.recv(1) == b""
        one.close()


def test_whoever_comes_beyond_the_limit_gets_a_friendly_page(site: Site) -> None:
    guard = create_app(site)
    guard.most_at_once = 0
    answer = TestClient(guard, base_url=LOCAL).get("/patients")
    assert answer.status_code == 503
    assert "try again in a moment" in answer.text


def test_the_head_of_a_page_can_be_asked_for_alone(client: TestClient) -> None:
    for path in ("/patients", "/new", "/static/clinic.css"):
        head, page = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == page.headers["content-length"]
