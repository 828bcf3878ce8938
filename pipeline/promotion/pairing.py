"""Whether this folder holds the very patients that two models held out, to pair them on.

The same raw data, the same split, the same outcomes: the hashes that were logged tell; nothing else
of a patient was.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd

from features.cohort import Cohort
from pipeline.promotion.evidence import Evidence
from pipeline.settings.params import Paths

ENOUGH_SAMPLES = 200


def find_held_out(
    challenger: Evidence,
    champion: Evidence,
    paths: Paths,
    part_of: Callable[[Cohort], pd.Series],
    fingerprint: Callable[[Cohort], str],
) -> Cohort | str:
    """The patients held out from both, or why they are not here.

    ``part_of``: of each patient; ``fingerprint``: what was logged of those held out.
    """
    if not (challenger.held_out_sha256 and champion.held_out_sha256):
        return "a run does not say which patients it held out"
    if (challenger.data_sha256, challenger.held_out_sha256) != (
        champion.data_sha256,
        champion.held_out_sha256,
    ):
        return "other patients were held out from the champion"
    held_out = _read(challenger, paths, part_of, fingerprint)
    if held_out is None:
        return "the cohort that both were trained on is not in outputs/ here"
    return held_out


def _read(
    challenger: Evidence,
    paths: Paths,
    part_of: Callable[[Cohort], pd.Series],
    fingerprint: Callable[[Cohort], str],
) -> Cohort | None:
    source = paths.source / "source.json"
    if not (source.is_file() and any(paths.ingest.glob("*"))):
        return None
    if json.loads(source.read_text(encoding="utf-8"))["sha256"] != challenger.data_sha256:
        return None
    cohort = Cohort.read(paths.ingest)
    held_out = cohort.take(part_of(cohort).eq("held_out").to_numpy(dtype=bool))
    return held_out if fingerprint(held_out) == challenger.held_out_sha256 else None
