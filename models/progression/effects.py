"""What treatments do to calcium, by trials, and beside each what they do to events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from features.array_types import FloatArray
from features.dictionary.data_files import data_file
from models.progression.two_scans.repeatability import RISE

CALCIUM = ("slower", "faster", "denser", "none", "uncertain")
EVENTS = ("fewer", "more", "none", "uncertain")

DENSIFIED = (
    "the score rises while low-density calcium does not: plaque grows denser, as it does on a "
    "statin. This is no reason to stop it"
)


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


def explain_rise(
    verdict: npt.NDArray[np.object_],
    on_statin: npt.NDArray[np.bool_],
    low_density_before: FloatArray,
    low_density_now: FloatArray,
) -> npt.NDArray[np.object_]:
    """`DENSIFIED` (n,) where a real rise on a statin goes with no more low-density calcium.

    ``low_density_before``, ``_now``: volume of 130 to 199 HU in mm3. "" everywhere else: unknown
    volumes explain nothing.
    """
    denser = low_density_now <= low_density_before
    return np.where((verdict == RISE) & on_statin & denser, DENSIFIED, "")
