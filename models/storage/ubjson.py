"""Universal Binary JSON, as XGBoost writes its models, read without believing a length in it.

Draft 12 of the specification, as far as XGBoost uses it: XGBoost's own reader takes any length and
any index as they come, so that what a stranger wrote has to be read here first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

DEEPEST = 32
_WHOLE = {b"U": ">u1", b"i": ">i1", b"I": ">i2", b"l": ">i4", b"L": ">i8"}
_NUMBERS = {**_WHOLE, b"d": ">f4", b"D": ">f8"}
_CONSTANTS = {b"T": True, b"F": False, b"Z": None}


def read_ubjson(data: bytes) -> Any:
    """The object in these bytes; arrays of one type of number as numpy arrays.

    Raises ValueError where they are none, or hold more than one, or it is nested too deeply.
    """
    reader = _Reader(data)
    value = reader.value(reader.take(1), 0)
    if reader.position != len(data):
        raise ValueError("bytes behind the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self.position = data, 0

    def take(self, n_bytes: int) -> bytes:
        end = self.position + n_bytes
        if n_bytes < 0 or end > len(self._data):
            raise ValueError("cut short")
        taken, self.position = self._data[self.position : end], end
        return taken

    def value(self, kind: bytes, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        if kind in _NUMBERS:
            return self._numbers(kind, 1)[0].item()
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == b"S":
            return self._text()
        if kind == b"C":
            return self.take(1).decode("ascii")
        if kind == b"[":
            return self._array(depth)
        if kind == b"{":
            return self._object(depth)
        raise ValueError("an unknown type")

    def _numbers(self, kind: bytes, count: int) -> Any:
        form = np.dtype(_NUMBERS[kind])
        return np.frombuffer(self.take(count * form.itemsize), form)

    def _length(self) -> int:
        kind = self.take(1)
        if kind not in _WHOLE:
            raise ValueError("a length that is no whole number")
        length = int(self._numbers(kind, 1)[0])
        if length < 0 or length > len(self._data) - self.position:
            raise ValueError("a length beyond the end")
        return length

    def _text(self) -> str:
        return self.take(self._length()).decode("utf-8")

    def _peek(self, sign: bytes) -> bool:
        found = self._data[self.position : self.position + 1] == sign
        self.position += found
        return found

    def _array(self, depth: int) -> Any:
        kind = self.take(1) if self._peek(b"$") else b""
        if kind and not self._peek(b"#"):
            raise ValueError("a type without a length")
        if kind:
            length = self._length()
            if kind in _NUMBERS:
                return self._numbers(kind, length)
            return [self.value(kind, depth + 1) for _ in range(length)]
        if self._peek(b"#"):
            return [self.value(self.take(1), depth + 1) for _ in range(self._length())]
        found = []
        while not self._peek(b"]"):
            found.append(self.value(self.take(1), depth + 1))
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        if self._peek(b"$"):
            raise ValueError("an object of one type")
        length = self._length() if self._peek(b"#") else None
        found: dict[str, Any] = {}
        while length is None or len(found) < length:
            if length is None and self._peek(b"}"):
                break
            name = self._text()
            if name in found:
                raise ValueError("a name twice")
            found[name] = self.value(self.take(1), depth + 1)
        return found
