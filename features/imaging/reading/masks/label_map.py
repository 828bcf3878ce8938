"""From the name or code of a segment to the vessel, or other structure, that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.cohort_map.section import read_text_yaml
from features.derivation.calcium import VESSELS
from features.dictionary.data_files import data_file
from features.errors import ConfigError, ScanError

IGNORE = "ignore"


@dataclass(frozen=True)
class LabelMap:
    """``own``: what the user's file says, by normal name; ``names``, ``codes``: what ships.

    Targets are lm, lad, lcx, rca, one of ``others``, or ``ignore``.
    """

    own: Mapping[str, str]
    names: Mapping[str, str]
    codes: Mapping[str, str]
    words: frozenset[str]

    @classmethod
    def load(cls, file: Path | None = None, section: str = "") -> LabelMap:
        """The shipped map, the names of one of its sections, and a file of the user's on top.

        The file holds ``labels``, from name or number to target. Raises ConfigError where a target
        is none.
        """
        shipped = read_text_yaml(data_file("reference/vessel_labels.yaml"))
        words = frozenset(shipped["words"])
        entries = [(vessel, entry["names"]) for vessel, entry in shipped["vessels"].items()]
        entries += list(shipped["others"].items()) + list(shipped.get(section, {}).items())
        names = {_normal(name, words): target for target, all_ in entries for name in all_}
        codes = {
            code: vessel for vessel, entry in shipped["vessels"].items() for code in entry["codes"]
        }
        allowed = (*VESSELS, *shipped["others"], IGNORE)
        return cls(_read_own(file, allowed) if file else {}, names, codes, words)

    def structure(self, names: Iterable[str], codes: Iterable[str] = ()) -> str | None:
        """What names and codes of one segment stand for; None where they are not known.

        Raises ScanError where they stand for two structures.
        """
        plain = [_plain(name) for name in names if name.strip()]
        for name in plain:
            if name in self.own:
                return self.own[name]
        normal = {_normal(name, self.words) for name in plain}
        found = {self.names[name] for name in normal if name in self.names}
        found |= {self.codes[code] for code in codes if code in self.codes}
        if len(found) > 1:
            raise ScanError(
                f"a segment stands for {' and '.join(sorted(found))} by its name and codes. "
                "Say which in --labels"
            )
        return found.pop() if found else None

    def all_structures(
        self, labels: Mapping[str, tuple[Iterable[str], Iterable[str]]]
    ) -> dict[str, str]:
        """Structure of every label by its names and codes. Raises ScanError listing the unknown.

        The last of a label's names is what the message shows.
        """
        found = {label: self.structure(*named) for label, named in labels.items()}
        nameless = [label for label, structure in found.items() if structure is None]
        if nameless:
            unknown = sorted(([label, *filter(None, labels[label][0])])[-1] for label in nameless)
            raise ScanError(
                f"unknown labels in the mask: {', '.join(unknown)}. Say in --labels which vessel "
                f"each is: {', '.join(VESSELS)}, aorta, aortic_valve, mitral_valve, other or ignore"
            )
        return {label: structure for label, structure in found.items() if structure is not None}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _normal(name: str, words: frozenset[str]) -> str:
    plain = _plain(name)
    return " ".join(word for word in plain.split() if word not in words) or plain


def _read_own(file: Path, allowed: tuple[str, ...]) -> dict[str, str]:
    content = read_text_yaml(file)
    labels = content.get("labels")
    if set(content) != {"labels"} or not isinstance(labels, dict):
        raise ConfigError(f"{file}: must hold 'labels', from name or number to structure")
    wrong = sorted({str(target) for target in labels.values()} - set(allowed))
    if wrong:
        raise ConfigError(f"{file}: {', '.join(wrong)} is none of {', '.join(allowed)}")
    return {_plain(str(name)): str(target) for name, target in labels.items()}
