"""Two patients, or two dates of one, in the rows of one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clinic.patient.assessor import Assessment, RiskAt
from clinic.patient.growth.change import tell_differences
from clinic.patient.growth.two_dates import judge_two_dates
from clinic.words.texts import PageTexts
from clinic.words.values import ValueWriter
from features.derivation.columns import Columns
from features.derivation.scan_technique import find_differences

_FACTS = ("age", "sex", "calcium", "ldl", "statin", "pressure")


@dataclass(frozen=True)
class Row:
    """A line of the table; ``difference``: the second less the first, "" where it says nothing."""

    label: str
    first: str
    second: str
    difference: str = ""


@dataclass(frozen=True)
class Comparison:
    """``groups`` of rows by heading: who, how the scans were made, risk, contributions, guidelines.

    ``caution``: why the calcium scores are not comparable, or "". ``change``: what two scans of one
    patient would say, "" where they cannot be that.
    """

    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    caution: str = ""
    change: str = ""


def compare(
    first: Assessment,
    second: Assessment,
    writer: ValueWriter,
    covariates: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> Comparison:
    """The second beside the first; of their ``covariates`` (1, variables) also the change."""
    texts, made = writer.texts, _both_scans(first, second)
    columns = Columns.of(pd.DataFrame([made]), writer.dictionary)
    differing = tell_differences(columns, made, writer)
    scans = _scans(columns, made, writer)
    groups = (
        (texts("comparison.who"), _facts(first, second, texts)),
        *(((texts("calcium.scan"), scans),) if scans else ()),
        (texts("comparison.risk"), _risks(first, second, texts)),
        (texts("comparison.why"), _contributions(first, second, texts)),
        (first.guidance.title, _rules(first, second)),
    )
    caution = texts("comparison.not_comparable", differing=differing) if differing else ""
    change = "" if caution or covariates is None else judge_two_dates(*covariates, writer)
    return Comparison(groups, caution, change)


def _both_scans(first: Assessment, second: Assessment) -> dict[str, Any]:
    """The scan of the second as the one of now, that of the first as the earlier one."""
    earlier = {f"prior_{name}": value for name, value in first.calcium.acquisition.items()}
    return {**second.calcium.acquisition, **earlier}


def _scans(columns: Columns, made: Mapping[str, Any], writer: ValueWriter) -> tuple[Row, ...]:
    """How each was made, as far as it is known of either."""
    return tuple(
        Row(
            writer.texts.label(writer.dictionary[name]),
            writer.say(f"prior_{name}", made.get(f"prior_{name}")),
            writer.say(name, made.get(name)),
            writer.texts("comparison.differs") if differs[0] else "",
        )
        for name, differs in find_differences(columns).items()
        if name in made or f"prior_{name}" in made
    )


def _facts(first: Assessment, second: Assessment, texts: PageTexts) -> tuple[Row, ...]:
    pairs = zip(_FACTS, first.overview.who, second.overview.who, strict=False)
    rows = [Row(texts(f"comparison.facts.{name}"), one, other) for name, one, other in pairs]
    calcium = [view.overview.calcium_sentences for view in (first, second)]
    return (*rows, Row(texts("calcium.title"), calcium[0], calcium[1]))


def _risks(first: Assessment, second: Assessment, texts: PageTexts) -> tuple[Row, ...]:
    return tuple(
        Row(
            texts("overview.risk", years=texts.write.general(one.years)),
            _risk(one, texts),
            _risk(other, texts),
            texts.write.signed(100 * (other.risk - one.risk)),
        )
        for one, other in zip(first.risks, second.risks, strict=True)
    )


def _risk(at: RiskAt, texts: PageTexts) -> str:
    if at.interval is None:
        return texts.write.tenths(at.risk)
    low, high = (texts.write.tenths(limit) for limit in at.interval)
    return f"{texts.write.tenths(at.risk)} {texts('overview.interval', low=low, high=high)}"


def _contributions(first: Assessment, second: Assessment, texts: PageTexts) -> tuple[Row, ...]:
    """Every theme of either; the one that differs most comes first."""
    here, there = (
        {t.name: t.points for t in view.overview.every_theme} for view in (first, second)
    )
    labels = {t.name: t.label for view in (first, second) for t in view.overview.every_theme}
    gaps = {name: there.get(name, 0.0) - here.get(name, 0.0) for name in labels}
    return tuple(
        Row(
            labels[name],
            texts.write.signed(here.get(name, 0.0)),
            texts.write.signed(there.get(name, 0.0)),
            texts.write.signed(gap),
        )
        for name, gap in sorted(gaps.items(), key=lambda pair: -abs(pair[1]))
    )


def _rules(first: Assessment, second: Assessment) -> tuple[Row, ...]:
    here, there = (dict(view.guidance.rows) for view in (first, second))
    return tuple(
        Row(topic, here.get(topic, "–"), there.get(topic, "–"))
        for topic in dict.fromkeys((*here, *there))
    )
