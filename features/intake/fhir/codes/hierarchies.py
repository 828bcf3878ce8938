"""Classifications in which a code says by its first letters what it belongs to.

In these, a well-formed code is understood even where no table names it: it is known to lie outside
every family that is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SHAPES = {
    "icd10": re.compile(r"[A-Z]\d[0-9A-Z][0-9A-Z]{0,4}"),
    "icd9": re.compile(r"(?:\d{3}|V\d\d)\d{0,2}|E\d{3}\d?"),
    "icd10pcs": re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    "atc": re.compile(r"[A-Z](?:\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?)?"),
}
# Signs of dagger and asterisk codes, and the dash of an unspecified digit.
_SIGNS = re.compile(r"[.\s]|[+*!#\u2020-]+$")


def plain_code(system: str, code: str) -> str:
    """A code as it is compared: ICD without its point and signs, hierarchies in capitals."""
    if system in ("icd10", "icd9"):
        return _SIGNS.sub("", code).upper()
    if system in _SHAPES:
        return code.upper()
    return code.lower() if system == "text" else code


def find_in_hierarchy(
    system: str, code: str, families: Sequence[tuple[str, Iterable[str]]]
) -> list[tuple[str, str]] | None:
    """Variable and value by the longest family of each variable; None if no code of a hierarchy.

    ``families``: first letters, then variable and value; the value "none" takes a part of a family
    out. A code above a family leaves its variable open: "unknown".
    """
    shape = _SHAPES.get(system)
    if shape is None or not shape.fullmatch(code):
        return None
    longest: dict[str, tuple[int, str]] = {}
    for prefix, (variable, value) in families:
        inside = code.startswith(prefix)
        if not inside and not prefix.startswith(code):
            continue
        size, said = (len(prefix), value) if inside else (0, "unknown")
        if size > longest.get(variable, (-1, ""))[0]:
            longest[variable] = (size, said)
    return [(name, value) for name, (_, value) in longest.items() if value != "none"]
