"""One page in plain words for the patient, in several languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import floor
from pathlib import Path

import yaml

from features.derivation.calcium import read_score
from features.derivation.known_calcium import PartOfScore, Trace
from features.errors import ConfigError
from features.yaml_file import read_yaml
from models.plain_language.texts import REFERENCE, check_translation, flatten_texts
from models.plain_language.writing import SMALL_RISK

_FOLDER = Path(__file__).parent
_LEAST_POINTS = 0.5


@dataclass(frozen=True)
class Helping:
    """An option by name; ``points``: how many of 100 it spares; ``harms``: whether it can harm."""

    name: str
    points: float
    harms: bool


@dataclass(frozen=True)
class LeafletFacts:
    """What a leaflet is made from; risks are fractions, reasons names of themes, or labels
    where there is none, dates ISO.

    ``calcium_part``, ``calcium_trace``: of a score that is None, or of 0 and contradicted;
    ``any_death``: the risk is that of dying at all; ``diseased``: whether the arteries are known to
    be, whatever the score.
    """

    years: float
    risk: float
    interval: tuple[float, float] | None
    average: float | None
    calcium_score: float | None
    reasons: tuple[str, ...]
    helping: tuple[Helping, ...]
    simulated: bool
    date: str
    calcium_part: PartOfScore | None = None
    calcium_trace: Trace | None = None
    any_death: bool = False
    diseased: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, sentences and the items of a list."""

    title: str
    sentences: tuple[str, ...]
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaflet:
    """The finished page; ``language`` is its code, such as "de"."""

    language: str
    title: str
    intro: str
    sections: tuple[Section, ...]
    urgent: str
    research: str
    made: str

    @property
    def text(self) -> str:
        """All of it, for measuring how easy it is to read."""
        parts = [self.intro]
        for section in self.sections:
            ended = (item if item[-1] in ".?" else f"{item}." for item in section.items)
            parts += [*section.sentences, *ended]
        return " ".join([*parts, self.urgent, self.research])


def known_languages() -> Mapping[str, str]:
    """Codes of the languages that are shipped, each with its own name."""
    found = sorted(path.stem.removeprefix("leaflet_") for path in _FOLDER.glob("leaflet_*.yaml"))
    return {code: load_leaflet_texts(code)["language"] for code in found}


@cache
def load_leaflet_texts(language: str = REFERENCE) -> Mapping[str, str]:
    """The texts of a language by key. Raises ConfigError where they are not complete."""
    texts = _read(language)
    expected = texts if language == REFERENCE else _read(REFERENCE)
    check_translation("leaflet", texts, expected)
    return texts


def write_leaflet(facts: LeafletFacts, language: str = REFERENCE) -> Leaflet:
    """The leaflet of one patient."""
    t = load_leaflet_texts(language)
    sections = (
        Section(t["risk.title"], _risk(facts, t)),
        Section(t["calcium.title"], (_calcium(facts, t),)),
        _reasons(facts, t),
        _helps(facts, t),
        Section(t["ask.title"], (), tuple(t[f"ask.{n}"] for n in ("first", "second", "third"))),
    )
    research = t["research"] if facts.simulated else ""
    made = t["made"].format(date=facts.date) if facts.date else ""
    title = t["title_die" if facts.any_death else "title"]
    return Leaflet(language, title, t["intro"], sections, t["urgent"], research, made)


def _risk(facts: LeafletFacts, t: Mapping[str, str]) -> tuple[str, ...]:
    years, few = f"{facts.years:g}", facts.risk < SMALL_RISK
    what, of = "_die" if facts.any_death else "", 1000 if few else 100
    n = round(of * facts.risk)
    key = ("few" if n else "fewest") if few else "many"
    said = [t[f"risk.{key}{what}"].format(years=years, n=n, others=of - n)]
    if facts.interval is not None:
        low, high = (round(of * limit) for limit in facts.interval)
        # no limit of a risk is none
        least = low or t["risk.under"]
        said.append(t[f"risk.range{'_few' * few}"].format(low=least, high=max(high, 1)))
    if facts.average is not None:
        said.append(_average(facts.average, few, t))
    return tuple(said)


def _average(average: float, of_thousand: bool, t: Mapping[str, str]) -> str:
    """Of as many people as the patient's own risk is."""
    if of_thousand:
        return t["risk.average_few"].format(n=round(1000 * average))
    n = round(100 * average)
    return t["risk.average"].format(n=n) if n else t["risk.average_under"]


def _calcium(facts: LeafletFacts, t: Mapping[str, str]) -> str:
    part = facts.calcium_part
    if part is not None and part.earlier:
        return t["calcium.earlier"].format(score=floor(part.least))
    if part is not None:
        return t["calcium.part"].format(known=part.known, score=floor(part.least))
    if facts.calcium_score is None:
        return t[f"calcium.{facts.calcium_trace or 'unknown'}"]
    score = read_score(facts.calcium_score)
    if score == 0 and facts.calcium_trace is not None:
        return t["calcium.zero_but_seen"]
    if score == 0:
        return t["calcium.none_but" if facts.diseased else "calcium.none"]
    return t["calcium.some"].format(score=floor(score))


def _reasons(facts: LeafletFacts, t: Mapping[str, str]) -> Section:
    items = tuple(t.get(f"themes.{name}", name) for name in facts.reasons)
    said = t["reasons.list"] if items else t["reasons.none"]
    return Section(t["reasons.title"], (said,), items)


def _helps(facts: LeafletFacts, t: Mapping[str, str]) -> Section:
    items = tuple(_helping(one, facts.years, t) for one in facts.helping)
    # the numbers are each of one option by itself, and their sum may pass the risk
    counted = [one for one in facts.helping if one.points >= _LEAST_POINTS]
    key = "none" if not items else "several" if len(counted) > 1 else "list"
    return Section(t["helps.title"], (t[f"helps.{key}"],), items)


def _helping(one: Helping, years: float, t: Mapping[str, str]) -> str:
    n = round(one.points)
    key = "spared_few" if one.points < _LEAST_POINTS else "spared_one" if n <= 1 else "spared"
    name = t[f"options.{one.name}"]
    said = f"{name[0].upper()}{name[1:]}. {t[f'helps.{key}'].format(years=f'{years:g}', n=n)}"
    return f"{said} {t['helps.harm']}" if one.harms else said


def _read(language: str) -> dict[str, str]:
    path = _FOLDER / f"leaflet_{language}.yaml"
    try:
        return dict(flatten_texts(read_yaml(path), ""))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        raise ConfigError(f"{path.name}: {error}") from error


def can_be_told(names: Sequence[str]) -> tuple[str, ...]:
    """Those of these options that a leaflet has words for."""
    texts = load_leaflet_texts()
    return tuple(name for name in names if f"options.{name}" in texts)
