"""Code systems by all their known addresses: data/reference/fhir_code_systems.csv."""

from __future__ import annotations

import csv
from functools import cache, lru_cache

from features.dictionary.data_files import data_file
from features.errors import MapError

_COLUMNS = ["system", "address", "source"]
_SNOMED_EDITIONS = "http://snomed.info/sct/"


@cache
def known_systems() -> dict[str, str]:
    """Short name by address, as `plain_address` writes it. Raises MapError for a broken table."""
    path = data_file("reference/fhir_code_systems.csv")
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        if lines.fieldnames != _COLUMNS:
            raise MapError(f"{path.name}: the columns must be {', '.join(_COLUMNS)}")
        return {plain_address(row["address"]): row["system"] for row in lines}


def plain_address(address: str) -> str:
    """An address as it is compared: no version, no ``urn:oid:``, http, small letters."""
    found = address.split("|")[0].strip().rstrip("/").lower()
    found = found.removeprefix("urn:oid:")
    return "http://" + found.removeprefix("https://") if found.startswith("https://") else found


@lru_cache(maxsize=4096)
def name_system(address: str) -> str:
    """The short name of a code system, such as ``snomed``, or the address where it is not known."""
    plain = plain_address(address)
    if plain.startswith(_SNOMED_EDITIONS):
        return "snomed"
    return known_systems().get(plain, address)
