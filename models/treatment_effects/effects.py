"""The shipped evidence, ``data/reference/treatment_effects.yaml``, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.yaml_file import read_yaml
from models.treatment_effects.condition_reading import ConditionReader, number, only
from models.treatment_effects.conditions import DERIVED
from models.treatment_effects.entry import TreatmentEffect
from models.treatment_effects.entry_reading import read_option


@dataclass(frozen=True)
class TreatmentEffects(Mapping[str, TreatmentEffect]):
    """All entries by name, and the strongest relative effect that a combination may have.

    ``on_any_death``: they are asked for by a model of death from any cause, on which trial effects
    on cardiovascular events say nothing: all are withheld.
    """

    options: Mapping[str, TreatmentEffect]
    strongest: float
    strongest_source: str
    on_any_death: bool = False

    def withhold(self) -> TreatmentEffects:
        """The entries for a model of death from any cause."""
        options = {
            name: replace(option, effect=None, status="withheld")
            if option.effect is not None
            else option
            for name, option in self.options.items()
        }
        return replace(self, options=options, on_any_death=True)

    def __getitem__(self, name: str) -> TreatmentEffect:
        return self.options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.options)

    def __len__(self) -> int:
        return len(self.options)

    @classmethod
    def load(cls, path: Path | None = None) -> TreatmentEffects:
        """The shipped entries, or those of this file. Raises MapError naming entry and key."""
        path = path or data_file("reference/treatment_effects.yaml")
        try:
            stored = read_yaml(path)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise MapError(f"{path.name}: {error}") from error
        try:
            only(stored, ("combination", "conditions", "options"), "file")
            bound = stored["combination"]
            only(bound, ("strongest_relative_effect", "source"), "combination")
            strongest = number(bound["strongest_relative_effect"])
            if not 0 < strongest < 1:
                raise ValueError("combination: the bound must lie between 0 and 1")
            reader = ConditionReader(Dictionary.load(), derived=DERIVED)
            for name, entry in stored["conditions"].items():
                reader.named[name] = reader.read(name, entry)
            options = {
                name: read_option(name, entry, reader) for name, entry in stored["options"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MapError(f"{path.name}: {error}") from error
        return cls(options, strongest, str(bound["source"]))
