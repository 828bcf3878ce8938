"""Further models of the same patients: fewer variables, or one part alone (docs/decisions/0060)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from features.errors import ConfigError
from pipeline.settings.params import VariantParams

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from models.risk.risk_model import RiskModel


def find_left_out(name: str, without: Sequence[str], dictionary: Dictionary) -> frozenset[str]:
    """The variables that a variant does not see, groups spelt out.

    Raises ConfigError where a name is neither a variable nor a group of the dictionary.
    """
    groups: dict[str, set[str]] = {}
    for variable, described in dictionary.items():
        groups.setdefault(described.group, set()).add(variable)
    unknown = [one for one in without if one not in dictionary and one not in groups]
    if unknown:
        raise ConfigError(
            f"params.yaml: train.variants.{name}.without: {', '.join(unknown)} is neither a "
            f"variable (`calcirisk variables` lists them) nor a group: {', '.join(groups)}"
        )
    return frozenset().union(*(groups.get(one, {one}) for one in without))


def features_without(
    X: pd.DataFrame, left_out: frozenset[str], dictionary: Dictionary
) -> pd.DataFrame:
    """The features (n, p) that none of these variables could enter, as `featurize.exclude` does."""
    from features.derivation.catalogue import catalogue_of

    hidden = [
        feature.name
        for feature in catalogue_of(dictionary)
        if not {feature.variable, *feature.inputs}.isdisjoint(left_out)
    ]
    return X.drop(columns=hidden, errors="ignore")


def fit_variant(
    name: str,
    variant: VariantParams,
    main: RiskModel,
    build: Callable[[], RiskModel],
    X: pd.DataFrame,
    endpoint: Endpoint,
) -> RiskModel:
    """The variant on its own features (n, p); what ``main`` has fitted is not fitted again.

    Raises ConfigError where no feature is left.
    """
    if not X.shape[1]:
        raise ConfigError(f"params.yaml: train.variants.{name} leaves no feature to learn from")
    is_whole = set(main.feature_names_in_) <= set(X.columns)
    if is_whole and len(variant.parts) == 1:
        return main.alone(variant.parts[0])
    own: RiskModel = build().set_params(parts=variant.parts)
    return own.fit(X, endpoint)
