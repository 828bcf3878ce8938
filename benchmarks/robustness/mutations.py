"""Ways in which a file of a model may be another one: bytes, JSON values, numbers of an array."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np

_TEXTS = (b"-1", b"1e308", b"NaN", b"null", b"[]", b"99999999999", b"{}", b'"x"')
_VALUES: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 0.5, 1e-300, 1e9, 1e14, -1e14, 1e308, 2**31, 2**63, True, None),
    *("", "age", "../../x", "x" * 20_000, [], [1, 2], [[1.0]], {}, {"a": 1}),
)
_NUMBERS = (-1.0, 0.0, 1e-300, 1e9, -1e14, 1e300, np.nan, np.inf)


def mutate(data: bytes, name: str, draw: random.Random) -> bytes:
    """The content of a file, changed; half of the JSON and arrays as what they mean."""
    if draw.random() < 0.5:
        if name.endswith(".json"):
            return _mutate_json(data, draw)
        if name.endswith(".npy"):
            return _mutate_array(data, draw)
    return _mutate_bytes(data, draw)


def _mutate_bytes(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(max(len(data), 1))
    kinds: list[Callable[[], bytes]] = [
        lambda: data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :],
        lambda: data[:at] + draw.randbytes(draw.randrange(1, 9)) + data[at + 4 :],
        lambda: data[:at],
        lambda: data[: at // 2] + data[at:],
        lambda: data[:at] + draw.choice(_TEXTS) + data[at + draw.randrange(9) :],
    ]
    return draw.choice(kinds)() if data else draw.choice(_TEXTS)


def _mutate_json(data: bytes, draw: random.Random) -> bytes:
    """Something at a random depth set to a value, dropped, doubled or exchanged."""
    stored = json.loads(data)
    place = stored
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = draw.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and draw.random() < 0.9:
            place = place[key]
            continue
        kind = draw.randrange(5)
        if kind == 0:
            del place[key]
        elif kind == 1 and isinstance(place, list):
            place.insert(draw.randrange(len(place) + 1), place[key])
        elif kind == 2:
            other = draw.choice(keys)
            place[key], place[other] = place[other], place[key]
        elif kind == 3 and isinstance(place[key], int | float):
            place[key] = place[key] * draw.choice((-1, 10, 1000, 1e-6)) + draw.choice((0, 1))
        else:
            place[key] = draw.choice(_VALUES)
        break
    return json.dumps(stored).encode()


def _mutate_array(data: bytes, draw: random.Random) -> bytes:
    """Numbers, shape or type of an array are others."""
    array = np.load(BytesIO(data), allow_pickle=False)
    kinds: list[Callable[[], Any]] = [
        lambda: array.T,
        array.ravel,
        lambda: array[:-1],
        lambda: array[..., None],
        lambda: np.concatenate([array, array]),
        lambda: array.astype(np.complex128),
        lambda: array.astype(np.float16),
        lambda: array.astype(str),
        lambda: np.full_like(array, draw.choice(_NUMBERS), dtype=np.float64),
    ]
    changed = draw.choice(kinds)() if draw.random() < 0.5 else _with_numbers(array, draw)
    out = BytesIO()
    np.save(out, changed)
    return out.getvalue()


def _with_numbers(array: Any, draw: random.Random) -> Any:
    changed = array.astype(np.float64).ravel()
    for _ in range(draw.randrange(1, 4)):
        if changed.size:
            changed[draw.randrange(changed.size)] = draw.choice(_NUMBERS)
    return changed.reshape(array.shape)
