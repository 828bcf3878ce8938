"""What a cohort map says of how its file is written."""

from __future__ import annotations

from features.cohort_map.dialect import Dialect
from features.cohort_map.section import Section


def read_dialect(part: Section) -> Dialect:
    """What the map says of encoding, decimal sign, sheet and rows. Raises MapError."""
    decimal, rows = part.text("decimal"), []
    if decimal not in ("", ".", ","):
        part.fail("'decimal' must be '.' or ','")
    for key in ("header_row", "first_row"):
        number = part.number(key)
        if number is not None and (number < 1 or number != int(number)):
            part.fail(f"'{key}' must be a whole number; rows are counted from 1")
        rows.append(int(number or 0))
    if rows[1] and rows[1] <= rows[0]:
        part.fail("'first_row' must lie below 'header_row'")
    return Dialect(part.text("encoding"), "", decimal, part.text("sheet"), *rows)
