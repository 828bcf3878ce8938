"""FHIR dates, which may lack day or month, as days; and date-times as moments to order by."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from features.intake.fhir.elements.json_elements import Json, mapping, text

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(T.*)?)?)?", re.ASCII)


class When(NamedTuple):
    """First and last day that the text can mean (ordinals), and a moment in seconds to order by."""

    first: int
    last: int
    moment: float


def read_when(value: object) -> When | None:
    """A FHIR date, dateTime or instant; None where it is none. ``2019`` lasts the whole year.

    The day is the one written, whatever the time zone; the moment allows for the zone.
    """
    written = text(value)
    found = _DATE.fullmatch(written)
    if found is None:
        return None
    year, month, day, time = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
        last_month = int(month or 12)
        last = (
            first
            if day
            else first.replace(month=last_month, day=monthrange(int(year), last_month)[1])
        )
        moment = datetime.combine(last, datetime.min.time(), UTC).timestamp()
        if time:
            exact = datetime.fromisoformat(written)
            moment = (exact if exact.tzinfo else exact.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return When(first.toordinal(), last.toordinal(), moment)


def first_when(resource: Json, names: Sequence[str]) -> When | None:
    """The first of these elements that holds a date; of a Period its start, or else its end."""
    for name in names:
        value = resource.get(name)
        period = mapping(value)
        found = read_when(period.get("start")) or read_when(period.get("end") or value)
        if found is not None:
            return found
    return None


def period_of(value: object) -> tuple[When | None, When | None]:
    """Start and end of a Period."""
    period = mapping(value)
    return read_when(period.get("start")), read_when(period.get("end"))
