"""What is published of all features, from the dictionary and from data/reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

import yaml

from features.dictionary.data_files import data_file
from features.dictionary.prior import Priors, Sum, read_prior
from features.dictionary.variable import Variable
from features.errors import MapError
from features.yaml_file import read_yaml


def load_priors(dictionary: Mapping[str, Variable]) -> Priors:
    """What is known of all features of the dictionary, and of sums of them.

    Raises MapError where data/reference/prior_sums.yaml is not valid.
    """
    by_feature = {
        feature: prior
        for variable in dictionary.values()
        for feature, prior in variable.priors.items()
    }
    return Priors(by_feature, _sums())


@cache
def _sums() -> tuple[Sum, ...]:
    path = data_file("reference/prior_sums.yaml")
    try:
        sums = [
            Sum(entry["features"], read_prior(entry["prior"])) for entry in read_yaml(path).values()
        ]
        counted = Counter(name for one in sums for name in one.features)
        if shared := sorted(name for name, times in counted.items() if times > 1):
            raise ValueError(f"{shared[0]!r} stands in two sums: it can be part of one alone")
        return tuple(sums)
    except (OSError, ValueError, KeyError, yaml.YAMLError) as error:
        raise MapError(f"{path.name}: {error}") from error
