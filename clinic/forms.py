"""What browsers send: fields of a form, read strictly and only from our own pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

from clinic.access.security import FORM_COOKIE
from clinic.site import site_of

_MOST_FIELDS = 400
_LONGEST_VALUE = 200


@dataclass(frozen=True)
class Form:
    """Fields by name, each with all its values."""

    fields: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """The first value, trimmed; "" where there is none."""
        return self.fields.get(name, ("",))[0]

    def all(self, name: str) -> tuple[str, ...]:
        """All values, such as those of boxes ticked."""
        return self.fields.get(name, ())


async def read_form(request: Request) -> Form:
    """The form that came with a request; refused unless one of our pages asked for it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = (await request.body()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HTTPException(413) from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), _clean(value))
    form = Form(fields)
    cookie = request.cookies.get(FORM_COOKIE, "")
    if not cookie or not site_of(request).seal.verify("form", cookie, form.get("csrf")):
        raise HTTPException(403)
    return form


def _clean(value: str) -> str:
    printable = "".join(c for c in value[: _LONGEST_VALUE + 1] if c.isprintable())
    return printable.strip()
