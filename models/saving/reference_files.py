"""Writes what features are derived by into a model folder: dictionary and published tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import yaml

from features.dictionary.dictionary import Dictionary
from models.serving.vendor import find_data_files
from models.storage.model_folder import DICTIONARY, REFERENCE


def write_reference_files(
    folder: Path, modules: Iterable[str], dictionary: Dictionary | None = None
) -> None:
    """Write every file of data that these modules read.

    ``dictionary``: with the variables that a cohort's map adds, None where it adds none.
    """
    for name, file in find_data_files(modules=modules).items():
        inside = DICTIONARY if name.endswith(f"/{DICTIONARY}") else f"{REFERENCE}/{Path(name).name}"
        (folder / inside).parent.mkdir(exist_ok=True)
        shutil.copyfile(file, folder / inside)
    if dictionary is not None and dictionary.own_entries:
        own = yaml.safe_dump(dictionary.own_entries, sort_keys=False, allow_unicode=True)
        with (folder / DICTIONARY).open("a", encoding="utf-8") as end:
            end.write(f"\n# added by the cohort map\n{own}")
