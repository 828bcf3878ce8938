"""Which of two versions of a resource is the later one."""

from __future__ import annotations

import marshal
from hashlib import blake2b
from typing import NamedTuple

from features.intake.fhir.elements.dates import read_when
from features.intake.fhir.elements.json_elements import Json, mapping, status_codes, text


class Version(NamedTuple):
    """``updated``: seconds; ``number``: of the version, where it is one; None where not given.

    ``place``: in a history Bundle, which lists the latest first, of ``history``; else None.
    ``stage``: how far its status has come; what was final can be corrected, never the reverse.
    """

    updated: float | None = None
    number: int | None = None
    history: int | None = None
    place: int | None = None
    stage: int | None = None


_STAGES = {"preliminary": 1, "final": 2, "amended": 3, "corrected": 3}
_STAGES |= {"refuted": 4, "entered-in-error": 4}


def read_version(body: Json, history: int | None = None, place: int | None = None) -> Version:
    """The version of a resource by its meta."""
    meta = mapping(body.get("meta"))
    made = make_version(meta.get("lastUpdated"), text(meta.get("versionId")), history, place)
    verified = body.get("verificationStatus")
    said = (text(body.get("status")), *(status_codes(verified) if verified else ()))
    # a status without a stage, such as active or confirmed, comes before the last one
    return made._replace(stage=max(_STAGES.get(one, 0) for one in said))


def make_version(
    updated: object, number: str, history: int | None = None, place: int | None = None
) -> Version:
    """From an instant and a version id, each of which may be missing."""
    when = read_when(updated)
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else None
    return Version(None if when is None else when.moment, known, history, place)


def compare(one: Version, other: Version) -> int | None:
    """1 if ``one`` is later, -1 if earlier, 0 if they are the same version, None if not known.

    Time and number have to agree where both are given; the stage decides where nothing else does.
    """
    signs = set()
    if one.updated is not None and other.updated is not None:
        signs.add(_sign(one.updated, other.updated))
    if one.number is not None and other.number is not None:
        signs.add(_sign(one.number, other.number))
    if len(signs) > 1:
        signs.discard(0)
    if signs:
        return signs.pop() if len(signs) == 1 else None
    if one.history is not None and one.history == other.history and one.place != other.place:
        return _sign(-(one.place or 0), -(other.place or 0))
    if one.stage is not None and other.stage is not None and one.stage != other.stage:
        return _sign(one.stage, other.stage)
    return None


def digest_of(body: Json) -> bytes:
    """Eight bytes of a hash of everything but the meta: the same resource given twice."""
    content = {name: value for name, value in body.items() if name != "meta"}
    try:
        data = marshal.dumps(content, 2)
    except ValueError:  # nested deeper than marshal goes, which no resource is
        data = b"too deep"
    return blake2b(data, digest_size=8).digest()


def _sign(one: float, other: float) -> int:
    return (one > other) - (one < other)
