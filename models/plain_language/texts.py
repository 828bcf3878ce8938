"""The sentences, read from one YAML file per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from features.dictionary.dictionary import Dictionary
from features.dictionary.units import show_unit
from features.dictionary.variable import Variable
from features.errors import ConfigError
from features.yaml_file import read_yaml
from models.plain_language.numerals import Numerals

_FOLDER = Path(__file__).parent
REFERENCE = "en"


@dataclass(frozen=True)
class Texts:
    """Texts by key; keys are joined by dots, as in ``risk.rare``."""

    texts: Mapping[str, str]
    variables: Mapping[str, Variable] = field(default_factory=Dictionary.load)

    @classmethod
    def load(cls, language: str = REFERENCE, path: Path | None = None) -> Texts:
        """The texts of a language. Raises ConfigError where they are not complete."""
        texts = _read(path or _FOLDER / f"texts_{language}.yaml")
        check_translation("texts", texts, _read(_FOLDER / f"texts_{REFERENCE}.yaml"))
        return cls(texts)

    @property
    def numerals(self) -> Numerals:
        """How numbers are written."""
        return Numerals(self.texts["numbers.decimal"], self.texts["numbers.thousands"])

    def unit(self, unit: str) -> str:
        """A unit of the dictionary as a person reads it."""
        return self.texts.get(f"units.{unit}") or show_unit(unit)

    def for_model(self, dictionary: Dictionary) -> Texts:
        """These texts with names of the variables that the model's cohort map added."""
        own = [variable for variable in dictionary.values() if variable.own]
        named = {f"names.{one.name}": one.label for one in own}
        coded = {f"codes.{code}": code for one in own for code in one.codes}
        return replace(self, texts={**coded, **self.texts, **named}, variables=dictionary)

    def say(self, key: str, **values: str) -> str:
        """The text of a key, its names in braces filled in."""
        return self.texts[key].format(**values)

    def count(self, key: str, shown: str, **values: str) -> str:
        """The form of a text that goes with a number as it is shown: "1", "2", "0.5"."""
        form = "one" if shown == "1" else "other"
        return self.say(f"{key}.{form}", n=shown, **values)

    def name(self, variable: str) -> str:
        """What a variable is called in running text."""
        return self.texts[f"names.{variable}"]

    def join(self, items: Sequence[str]) -> str:
        """ "a", "a and b", "a, b and c"."""
        if len(items) < 2:
            return "".join(items)
        head = self.texts["join.between"].join(items[:-1])
        return head + self.texts["join.last"] + items[-1]


def check_translation(name: str, texts: Mapping[str, str], reference: Mapping[str, str]) -> None:
    """Raises ConfigError unless both have the same keys, and each text the same names in braces."""
    differing = sorted(texts.keys() ^ reference.keys())
    if differing:
        raise ConfigError(f"{name}: {', '.join(differing[:5])} missing or unknown")
    for key, text in texts.items():
        wanted, found = _placeholders(reference[key]), _placeholders(text)
        if found != wanted:
            raise ConfigError(f"{name}: {key} must name {', '.join(sorted(wanted)) or 'nothing'}")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(flatten_texts(read_yaml(path), ""))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        raise ConfigError(f"texts {path.name}: {error}") from error


def flatten_texts(entry: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    """Dotted keys and texts of nested mappings. Raises ConfigError where a leaf is no text."""
    pairs: list[tuple[str, str]] = []
    for key, value in entry.items():
        if isinstance(value, Mapping):
            pairs += flatten_texts(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            pairs.append((f"{prefix}{key}", value))
        else:
            raise ConfigError(f"texts: {prefix}{key} must be a text")
    return pairs
