"""What two scans say of one another, with the noise of a rescan: never progress, never failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clinic.words.texts import PageTexts
from clinic.words.values import ValueWriter
from features.derivation.columns import Columns
from features.derivation.scan_technique import COMPARABLE, find_differences
from features.dictionary.dictionary import Dictionary
from models.progression.two_scans.change import (
    DENSIFIED,
    FALL,
    NOT_COMPARABLE,
    RISE,
    UNKNOWN,
    WITHIN_NOISE,
    judge_change_alone,
    limit_of_rescan,
)
from models.treatment_effects.conditions import recorded

_JUDGED = {RISE, WITHIN_NOISE, FALL}
# Told of an earlier scan alone; all else of it has the name that it has today, after "prior_".
_ONLY_EARLIER = ("prior_scan_years", COMPARABLE)


@dataclass(frozen=True)
class Change:
    """Since the earlier scan. ``line``: the verdict in a sentence or two, "" without one.

    ``without``: why there is none, "".
    ``rates``: what it is called, how much, its definition. ``densified``: why a rise on a statin is
    none of its failure, "". ``earlier``, ``now``: scores in AU; ``limit``: how far a rescan of the
    earlier one may differ, NaN where nothing is published; ``years``: between the two, or None.
    ``published``: slow, expected or rapid by the published law, "". ``comparable``: False where the
    scans were made differently; then nothing is worked out of the two. ``risen``: whether the
    verdict is a rise; ``within_noise``: whether it is that a rescan may show as much, and the two
    scores are not the same. ``is_judged``: whether score or volume is held against a limit.
    """

    line: str
    rates: tuple[tuple[str, str, str], ...] = ()
    volume: str = ""
    densified: str = ""
    earlier: float | None = None
    limit: float = float("nan")
    years: float | None = None
    published: str = ""
    comparable: bool = True
    risen: bool = False
    within_noise: bool = False
    without: str = ""
    is_judged: bool = False


def describe_change(
    patient: Mapping[str, Any], covariates: pd.DataFrame, dictionary: Dictionary, texts: PageTexts
) -> Change:
    """The change of one patient (1, variables); ``patient``: the same, with what follows."""
    earlier, now = (recorded(patient, name) for name in ("prior_cac_agatston", "cac_agatston"))
    columns = Columns.of(covariates, dictionary)
    judged = {name: column[0] for name, column in judge_change_alone(columns).items()}
    if earlier is None or now is None:
        by_volume = str(judged["volume_verdict"])
        volume = texts(f"growth.volume.{by_volume}") if by_volume not in ("", UNKNOWN) else ""
        without = _tell_missing(patient, dictionary, texts)
        return Change("", volume=volume, without=without, is_judged=by_volume in _JUDGED)
    limit = float(limit_of_rescan(columns)[0])
    years = recorded(patient, "prior_scan_years")
    line = texts(
        f"trend.{judged['change_verdict']}",
        first=texts.write.score(float(earlier)),
        now=texts.write.score(float(now)),
        when=_say_when(years, texts),
        limit=_tell_limit(limit, texts),
        differing=tell_differences(columns, patient, ValueWriter(dictionary, texts)),
    )
    if judged["change_verdict"] == NOT_COMPARABLE:
        return Change(line, earlier=float(earlier), comparable=False)
    return Change(
        line,
        tuple(_tell_rates(judged, texts)),
        texts(f"growth.volume.{judged['volume_verdict']}") if judged["volume_verdict"] else "",
        DENSIFIED if judged["densified"] else "",
        float(earlier),
        limit,
        None if years is None else float(years),
        str(judged["growth_published"]),
        risen=judged["change_verdict"] == RISE,
        within_noise=judged["change_verdict"] == WITHIN_NOISE and now != earlier,
        is_judged=bool({judged["change_verdict"], judged["volume_verdict"]} & _JUDGED),
    )


def _say_when(years: float | None, texts: PageTexts) -> str:
    if years is None:
        return ""
    return texts(
        "trend.ago_one" if float(years) == 1 else "trend.ago", n=texts.write.number(float(years))
    )


def first_screen_line(change: Change, patient: Mapping[str, Any], texts: PageTexts) -> str:
    """The one line of the first screen; what a statin does to the score stands beside a rise.

    Of an earlier score alone it says that there is one.
    """
    if recorded(patient, "prior_cac_agatston") is not None and not change.line:
        return change.without
    on_statin = recorded(patient, "statin_intensity") not in (None, "none")
    if not change.risen or not on_statin:
        return change.line
    return f"{change.line} {texts('trend.denser' if change.densified else 'trend.statin')}"


def tell_differences(columns: Columns, patient: Mapping[str, Any], writer: ValueWriter) -> str:
    """In what the scans were made differently, as far as it is known of both; "" if in nothing."""
    return "; ".join(
        writer.texts("trend.said_to_differ")
        if name == COMPARABLE
        else writer.texts(
            "trend.differing",
            name=writer.texts.label(writer.dictionary[name]),
            before=writer.say(f"prior_{name}", recorded(patient, f"prior_{name}")),
            now=writer.say(name, recorded(patient, name)),
        )
        for name, differs in find_differences(columns).items()
        if differs[0]
    )


def _tell_missing(patient: Mapping[str, Any], dictionary: Dictionary, texts: PageTexts) -> str:
    """Which of the two scores is not recorded: of an earlier scan anything else may be."""
    earlier = recorded(patient, "prior_cac_agatston")
    if earlier is not None:
        first = texts.write.score(float(earlier))
        return texts("growth.no_score_now", first=first)
    told_twice = (f"prior_{name}" for name in dictionary)
    scanned = any(recorded(patient, name) is not None for name in (*_ONLY_EARLIER, *told_twice))
    return texts("growth.no_earlier_score" if scanned else "growth.no_earlier")


def _tell_limit(limit: float, texts: PageTexts) -> str:
    """Rounded down: then whole scores differ by more where the verdict says that they do."""
    return texts.write.whole(np.floor(limit)) if np.isfinite(limit) else ""


def _tell_rates(judged: Mapping[str, Any], texts: PageTexts) -> list[tuple[str, str, str]]:
    told = []
    for name in ("change_per_year", "percent_per_year", "root_change"):
        value = float(judged[name])
        if np.isfinite(value):
            shown = texts(f"growth.rates.{name}.value", n=texts.write.number(value))
            told.append(
                (texts(f"growth.rates.{name}.name"), shown, texts(f"growth.rates.{name}.means"))
            )
    return told
