"""The data dictionary that a model was trained with, where this version can derive by it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.derivation.catalogue import CATALOGUE, catalogue_of
from features.dictionary.dictionary import Dictionary
from features.errors import ModelError
from models.storage.model_folder import DICTIONARY, About


def read_dictionary(model_folder: Path, about: About, feature_names: Sequence[str]) -> Dictionary:
    """The dictionary of the folder.

    Raises ModelError where this version of the code derives from variables that it does not hold,
    or cannot derive what the model uses.
    """
    dictionary = Dictionary.load(model_folder / DICTIONARY)
    version = f"the version that trained it ({about.code_version})"
    newer = {name for feature in CATALOGUE for name in feature.inputs} - {*dictionary}
    if newer:
        raise ModelError(
            f"The model was trained before the dictionary knew {', '.join(sorted(newer)[:5])}"
            f"{' and others' if len(newer) > 5 else ''}. Train it again, use {version} or the "
            "served model, which carries its own code"
        )
    known = {feature.name for feature in catalogue_of(dictionary)}
    foreign = [name for name in feature_names if name not in known]
    if foreign:
        raise ModelError(
            f"The model uses {len(foreign)} features that this version of calcirisk does not "
            f"derive: {', '.join(foreign[:5])}. Use {version} or the served model, which carries "
            "its own code"
        )
    return dictionary
