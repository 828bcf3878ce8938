"""The names that readers see for what tables call by short names; they stand in words.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from features.yaml_file import read_yaml

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Metric:
    """A metric as a report shows it; ``better`` is "high", "low" or a target such as "1"."""

    label: str
    better: str
    decimals: int


@dataclass(frozen=True)
class Words:
    """Labels by kind and short name; a short name that nobody named is shown as it is."""

    content: Mapping[str, Any]

    @classmethod
    @cache
    def load(cls) -> Words:
        """The words of the templates folder."""
        return cls(read_yaml(TEMPLATES / "words.yaml"))

    def of(self, kind: str, name: str) -> str:
        """The label of ``name``."""
        return str(self.content[kind].get(name, name.replace("_", " ")))

    def metric(self, name: str) -> Metric:
        """Label, direction and decimals of a metric; three decimals where nothing is said."""
        found = self.content["metrics"].get(name)
        return Metric(**found) if found else Metric(name.replace("_", " "), "", 3)

    def headings(self, table: str) -> Mapping[str, str]:
        """Headings by column of a table, in the order in which they are shown."""
        found: Mapping[str, str] = self.content["headings"][table]
        return found
