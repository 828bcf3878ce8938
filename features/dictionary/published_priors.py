"""What is published of all features, from the dictionary and from data/reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import yaml

from features.dictionary.data_files import data_file
from features.dictionary.prior import Modifier, Priors, Sum, read_prior
from features.dictionary.variable import Variable
from features.errors import MapError
from features.yaml_file import read_yaml


def load_priors(dictionary: Mapping[str, Variable]) -> Priors:
    """What is known of all features of the dictionary, of sums of them and of what modifies them.

    Raises MapError where prior_sums.yaml or prior_modifiers.yaml of data/reference is not valid.
    """
    by_feature = {
        feature: prior
        for variable in dictionary.values()
        for feature, prior in variable.priors.items()
    }
    return Priors(by_feature, load_sums(), _modifiers())


@cache
def load_sums() -> tuple[Sum, ...]:
    """Features that describe one thing, of which more is known than of each.

    Raises MapError where prior_sums.yaml of data/reference is not valid.
    """
    with _entries("reference/prior_sums.yaml") as entries:
        sums = [Sum(entry["features"], read_prior(entry["prior"])) for entry in entries]
        counted = Counter(name for one in sums for name in one.features)
        if shared := sorted(name for name, times in counted.items() if times > 1):
            raise ValueError(f"{shared[0]!r} stands in two sums: it can be part of one alone")
        return tuple(sums)


@cache
def _modifiers() -> tuple[Modifier, ...]:
    with _entries("reference/prior_modifiers.yaml") as entries:
        found = [
            Modifier(entry["feature"], entry["by"], read_prior(entry["prior"])) for entry in entries
        ]
        if len({frozenset((one.feature, one.by)) for one in found}) < len(found):
            raise ValueError("names two features twice: their product can be one term alone")
        return tuple(found)


@contextmanager
def _entries(name: str) -> Iterator[list[Any]]:
    """The entries of a file of data; MapError names the file where they are not valid."""
    path = data_file(name)
    try:
        yield list(read_yaml(path).values())
    except (OSError, ValueError, KeyError, yaml.YAMLError) as error:
        raise MapError(f"{path.name}: {error}") from error
