"""Requests of every kind, sound and bad, for the pages and the served model, and their sending."""

from __future__ import annotations

import json
import random
import re
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd

_PATIENCE = 60.0
# how a client may behave that does not send its request and read the answer
_MANNERS = ("dropped at once", "stopped halfway", "nothing read", "slow")


@dataclass(frozen=True)
class Asked:
    """``data``: the request as sent. ``expected``: statuses; 0 where no answer is waited for."""

    kind: str
    data: bytes
    expected: tuple[int, ...]
    manner: str = "whole"


@dataclass(frozen=True)
class Shown:
    """What browsers know of the pages: the patients' keys; by user, cookie and token of forms."""

    keys: list[str]
    browsers: dict[str, tuple[str, str]]


def draw_pages(draw: random.Random, shown: Shown) -> Asked:
    """A request to the pages: two thirds are sound."""
    who, key = draw.choice(list(shown.browsers)), draw.choice(shown.keys)
    sound = (
        *("/patients", "/new", "/population", f"/patients/{key}", f"/patients/{key}"),
        *(f"/patients/{key}/print", f"/patients/{key}/leaflet", f"/patients/{key}/compare"),
        *("/patients?sort=age&order=asc", "/cds-services"),
    )
    if draw.random() < 0.5:
        return _badly_sent(Asked("page", _get(draw.choice(sound), who), (200,)), draw)
    if draw.random() < 0.4:
        age = draw.choice((str(draw.randrange(45, 80)), _word(draw), "-61", "1e999"))
        cookie, token = shown.browsers[who]
        entered = {"csrf": token, "age": age, "sex": "female", "cac_agatston": "120"}
        entered |= {f"{_word(draw)}": "1"} if draw.random() < 0.2 else {}
        form = _post("/new", urlencode(entered).encode(), who, _FORM, cookie)
        if not age.isdecimal():
            return Asked("a mistyped patient", form, (422,))
        return _badly_sent(Asked("a new patient", form, (200,)), draw)
    bad: list[Asked] = [
        Asked("unknown patient", _get(f"/patients/{draw.randbytes(12).hex()}", who), (404,)),
        Asked("unknown column", _get(f"/patients?sort={_word(draw)}", who), (400, 404)),
        Asked("unknown place", _get(f"/{_word(draw)}", who), (404,)),
        Asked("long address", _get(f"/patients?sort={'x' * 5000}", who), (414,)),
        Asked("form without a token", _post("/new", b"age=61&sex=male", who, _FORM), (400, 403)),
        # whoever still sends when it is refused may not see why
        Asked("large form", _post("/new", b"age=" + b"1" * 200_000, who, _FORM), (413, 0)),
        Asked(
            "card of nonsense",
            _post("/cds-services/calcirisk", _word(draw).encode(), who),
            (400, 404),
        ),
        Asked("no HTTP", draw.randbytes(200) + b"\r\n\r\n", (400, 0)),
        Asked("large head", b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", (400, 431, 0)),
    ]
    return draw.choice(bad)


def draw_model(draw: random.Random, patients: pd.DataFrame) -> Asked:
    """A request to the served model: two thirds are sound."""
    some = patients.sample(draw.randrange(1, 40), random_state=draw.randrange(2**31))
    some = some[draw.sample(list(some), draw.randrange(5, len(some.columns)))].assign(
        age=some["age"]
    )
    split = json.loads(some.to_json(orient="split", index=False))
    if draw.random() < 0.66:
        body: Any = {"dataframe_split": split}
        if draw.random() < 0.3:
            body = {"dataframe_records": json.loads(some.to_json(orient="records"))}
        if draw.random() < 0.5:
            body["params"] = {"n_reasons": draw.randrange(6)}
        return _badly_sent(Asked("patients", _invoke(body), (200,)), draw)
    names, rows = split["columns"], split["data"]
    wrong: dict[str, Any] = {
        "a word for an age": {"columns": ["age"], "data": [[_word(draw)]]},
        "an age of 1e308": {"columns": ["age"], "data": [[1e308]]},
        "a list in a cell": {"columns": ["age", "sex"], "data": [[[61], {"a": 1}]]},
        "no column known": {"columns": [_word(draw)], "data": [[1]]},
        "a column twice": {"columns": ["age", "age"], "data": [[61, 62]]},
        "ragged rows": {"columns": names, "data": [row[: i % 3] for i, row in enumerate(rows)]},
        "a table of text": _word(draw),
    }
    kind = draw.choice([*wrong, "plain", "raw", "many", "params", "foreign"])
    if kind in wrong:
        return Asked(kind, _invoke({"dataframe_split": wrong[kind]}), (400,))
    if kind == "foreign":
        foreign = {**split, "columns": [*names, _word(draw)], "data": [[*row, 1] for row in rows]}
        return Asked("a foreign column", _invoke({"dataframe_split": foreign}), (200,))
    if kind == "many":
        wide = {"columns": [_word(draw) for _ in range(3000)], "data": [[1] * 3000]}
        return Asked("3,000 columns", _invoke({"dataframe_split": wide}), (400,))
    if kind == "params":
        said = draw.choice(({"n_reasons": 10_000}, {"horizons": [-1]}, {"horizons": ["x"]}))
        return Asked("bad params", _invoke({"dataframe_split": split, "params": said}), (400,))
    if kind == "raw":
        text = draw.choice(
            (b"", b"{", b"null", b"[1, 2]", b'{"instances": [1]}', b"NaN", b"\xff" * 99)
        )
        return Asked("no such JSON", _post("/invocations", text), (400,))
    place, expected = draw.choice((("/ping", 200), ("/version", 200), (f"/{_word(draw)}", 404)))
    return Asked("another place", _get(place), (expected,))


def ask(port: int, asked: Asked, draw: random.Random) -> int:
    """Send it in its manner; the status of the answer, 0 for none, -1 for none in time."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
        data, manner = asked.data, asked.manner
        try:
            if manner == "dropped at once":
                return 0
            if manner == "stopped halfway":
                connection.sendall(data[: len(data) // 2])
                return 0
            if manner == "slow":
                step = len(data) // 5 + 1
                for at in range(0, len(data), step):
                    connection.sendall(data[at : at + step])
                    time.sleep(0.2 * draw.random())
            else:
                connection.sendall(data)
            if manner == "nothing read":
                return 0
            return _read_status(connection)
        except (ConnectionResetError, BrokenPipeError):
            return 0
        except TimeoutError:
            return -1


def find_shown(port: int, n_users: int = 60) -> Shown:
    """What the first page and the form for a new patient give away."""
    keys = re.findall(r'href="/patients/([0-9a-f]{24})"', _read_page(port, "/patients", "first"))
    parts = re.compile(r'set-cookie: ([^;]+);.*name="csrf" value="([0-9a-f]{64})"', re.S | re.I)
    browsers = {}
    for user in (f"user{number}" for number in range(n_users)):
        browsers[user] = parts.findall(_read_page(port, "/new", user))[0]
    return Shown(keys, browsers)


def _read_page(port: int, path: str, user: str) -> str:
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
        connection.sendall(_get(path, user))
        return _read_all(connection).decode()


_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


def _badly_sent(asked: Asked, draw: random.Random) -> Asked:
    """One in ten is not sent, or not read, as it should be."""
    if draw.random() > 0.1:
        return asked
    manner = draw.choice(_MANNERS)
    expected = asked.expected if manner == "slow" else (0,)
    return Asked(f"{asked.kind}, {manner}", asked.data, expected, manner)


def _get(path: str, user: str = "") -> bytes:
    return _head("GET", path, user) + b"\r\n"


def _post(path: str, body: bytes, user: str = "", kind: str = _JSON, cookie: str = "") -> bytes:
    about = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    about = (f"Cookie: {cookie}\r\n" if cookie else "") + about
    return _head("POST", path, user) + about.encode() + body


def _invoke(body: Any) -> bytes:
    return _post("/invocations", json.dumps(body).encode())


def _head(method: str, path: str, user: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    if user:
        lines.append(f"X-Forwarded-User: {user}")
    return ("\r\n".join(lines) + "\r\n").encode()


def _read_all(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def _read_status(connection: socket.socket) -> int:
    answer = _read_all(connection)
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def _word(draw: random.Random) -> str:
    return f"w{draw.randbytes(draw.randrange(4, 24)).hex()}"
