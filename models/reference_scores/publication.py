"""What a score's publication states, read from data/reference/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from features.dictionary.data_files import data_file
from features.dictionary.known_disease import KNOWN_DISEASE


@dataclass(frozen=True)
class Publication:
    """Where a score comes from and what it claims.

    ``outcome`` is what it predicts, by ``horizons`` (years), in people like its ``population``;
    ``competing_death`` says whether deaths from other causes were censored or allowed for;
    ``ranges`` are the inputs for which it was published, in canonical units, ages in completed
    years; ``free_of`` the diseases that its population did not have, by variable.
    """

    citation: str
    outcome: str
    population: str
    competing_death: str
    horizons: tuple[float, ...]
    ranges: Mapping[str, tuple[float, float]]
    free_of: tuple[str, ...] = KNOWN_DISEASE


def read_publication(entry: Mapping[str, Any], outcome: str | None = None) -> Publication:
    """The publication that an entry of data/reference/ describes, of this outcome."""
    return Publication(
        citation=entry["citation"],
        outcome=entry["outcome"] if outcome is None else entry["outcomes"][outcome],
        population=entry["population"],
        competing_death=entry["competing_death"],
        horizons=tuple(float(horizon) for horizon in entry["horizons"]),
        ranges=read_ranges(entry["ranges"]),
        free_of=(*KNOWN_DISEASE, *entry.get("free_of_also", ())),
    )


def read_ranges(entry: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Lowest and highest value by variable, both included."""
    return {name: (float(low), float(high)) for name, (low, high) in entry.items()}


@cache
def read_entry(name: str) -> Mapping[str, Any]:
    """The entry ``data/reference/<name>``. Raises MapError where it is not there."""
    entry: Mapping[str, Any] = json.loads(data_file(f"reference/{name}").read_text("utf-8"))
    return entry
