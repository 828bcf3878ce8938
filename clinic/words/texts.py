"""Every word of the pages in one language: its own texts, and statements of the data by phrase."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import yaml

from features.dictionary.variable import Variable
from features.errors import ConfigError
from features.yaml_file import read_yaml
from models.plain_language.numerals import Numerals
from models.plain_language.texts import REFERENCE, Texts, check_translation, flatten_texts

_FOLDER = Path(__file__).parent
# "Diabetes: yes +2.4", as tables of reasons have it
_REASON = re.compile(r"(.+?)(?:: ([^:]+))? ([+-]\d.*)")

_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")


@dataclass(frozen=True)
class PageTexts:
    """``texts`` by key, keys joined by dots, as in ``list.title``; ``plain``: sentences and units.

    ``phrases``: what a statement of the data (English, as it stands there) is in this language.
    """

    texts: Mapping[str, str]
    plain: Texts
    phrases: Mapping[str, str] = field(default_factory=dict)
    language: str = REFERENCE

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, the names in its braces filled in."""
        return self.texts[key].format(**values)

    @cached_property
    def write(self) -> Numerals:
        """Writes numbers."""
        return self.plain.numerals

    def phrase(self, statement: str) -> str:
        """A statement of the data; one that nobody translated, such as a label of a variable that
        a cohort's map added, as it is."""
        return self.phrases.get(statement, statement)

    def label(self, variable: Variable) -> str:
        """What a variable is called."""
        return self.phrase(variable.label)

    def category(self, name: str) -> str:
        """A category of risk as a scored file names it; one of a site's own as it is."""
        return self.texts.get(f"list.category_name.{name}", name)

    def sentence(self, text: str) -> str:
        """The text with a capital in front."""
        return text[:1].upper() + text[1:]

    def unit(self, unit: str) -> str:
        """A unit of the dictionary as a person reads it."""
        return self.plain.unit(unit)

    def code(self, value: str) -> str:
        """What a code of the dictionary is called; one of a cohort's own as it is."""
        return self.texts.get(f"codes.{value}", value.replace("_", " "))

    def reason(self, told: str) -> str:
        """A reason of a scored file: label, value that is no number, points."""
        found = _REASON.fullmatch(told)
        if found is None or found[1] not in self.phrases:
            return told
        label, value, points = found.groups()
        said = self.phrase(label)
        if value is not None:
            stated = {"yes": "form.yes", "no": "form.no", "not recorded": "values.missing"}
            known = value in stated
            said += f": {self(stated[value]) if known else self.code(value.replace(' ', '_'))}"
        return f"{said} {self.write.localise(points)}"

    def date(self, iso: str) -> str:
        """A day such as 2026-11-29; "" stays what it is."""
        found = _DAY.fullmatch(iso)
        return self("date", **found.groupdict()) if found else iso

    def ordinal(self, n: int) -> str:
        """A number in order, such as 43rd."""
        ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
        return self(f"ordinal.{'th' if n % 100 in (11, 12, 13) else ending}", n=n)


def known_languages() -> Mapping[str, str]:
    """Codes of the languages that the pages speak, each with its own name."""
    found = sorted(path.stem.removeprefix("page_") for path in _FOLDER.glob("page_*.yaml"))
    return {code: load_texts(code).texts["site.language"] for code in found}


@cache
def load_texts(language: str = REFERENCE) -> PageTexts:
    """The texts of a language. Raises ConfigError where a file cannot be read or is not whole."""
    texts = _read(f"page_{language}.yaml")
    plain = Texts.load(language)
    if language == REFERENCE:
        return PageTexts(texts, plain)
    check_translation(f"page_{language}", texts, _read(f"page_{REFERENCE}.yaml"))
    return PageTexts(texts, plain, _read_phrases(language), language)


def _read(name: str) -> dict[str, str]:
    try:
        return dict(flatten_texts(read_yaml(_FOLDER / name), ""))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        raise ConfigError(f"{name}: {error}") from error


def _read_phrases(language: str) -> dict[str, str]:
    name = f"phrases_{language}.yaml"
    try:
        sections = read_yaml(_FOLDER / name)
        pairs = [(one[REFERENCE], one[language]) for part in sections.values() for one in part]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError) as error:
        raise ConfigError(f"{name}: {error}") from error
    phrases = dict(pairs)
    if len(phrases) < len(pairs):
        twice = sorted({said for said, _ in pairs if [s for s, _ in pairs].count(said) > 1})
        raise ConfigError(f"{name}: more than once: {'; '.join(twice[:3])}")
    return phrases
