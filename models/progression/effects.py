"""What treatments do to calcium, by trials, and beside each what they do to events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from features.dictionary.data_files import data_file

CALCIUM = ("slower", "faster", "denser", "none", "uncertain")
EVENTS = ("fewer", "more", "none", "uncertain")


@dataclass(frozen=True)
class Effect:
    """One treatment: effect on calcium and on events, each in words, with its source."""

    id: str
    label: str
    variables: tuple[str, ...]
    calcium: str
    calcium_text: str
    calcium_source: str
    events: str
    events_text: str
    events_source: str
    verified: str


@dataclass(frozen=True)
class Ledger:
    """``headline`` stands above every list of effects."""

    headline: str
    effects: tuple[Effect, ...]


@cache
def load_effects() -> Ledger:
    """The ledger in data/reference/progression_effects.yaml."""
    path = data_file("reference/progression_effects.yaml")
    stored: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    effects = tuple(
        Effect(**{**entry, "variables": tuple(entry["variables"])}) for entry in stored["effects"]
    )
    return Ledger(stored["headline"], effects)
