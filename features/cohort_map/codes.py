"""Codes as they are compared, in the map and in the file: without case, numbers by their value."""

from __future__ import annotations

import re

_WHOLE_POINT = re.compile(r"[-+]?\d{1,15}(?:\.0*)?", re.ASCII)
_WHOLE_COMMA = re.compile(r"[-+]?\d{1,15}(?:[.,](?:|0|00|0000+))?", re.ASCII)
_TRUTH = {"true": "1", "false": "0"}


def normal_code(text: str, decimal: str = ".") -> str:
    """A code as it is compared: without case; ``1``, ``01``, ``1.0`` and ``true`` alike.

    ``decimal``: the decimal sign of the file; unless it is a point, ``1,0`` is 1 as well, but
    ``1,000`` may be a thousand and stays as it is.
    """
    code = text.strip().casefold()
    code = _TRUTH.get(code, code)
    whole = _WHOLE_POINT if decimal == "." else _WHOLE_COMMA
    return str(int(float(code.replace(",", ".")))) if whole.fullmatch(code) else code
