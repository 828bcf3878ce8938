"""Gaps that may stand, each with the reason that a person wrote for it."""

from __future__ import annotations

from collections.abc import Mapping

from features.errors import ConfigError
from models.leakage.gate import SHORTEST_REASON


def require_reasons(accepted: Mapping[str, str]) -> dict[str, str]:
    """The reasons by group. Raises ConfigError where one is too short to be one."""
    for key, reason in accepted.items():
        if len(reason.strip()) < SHORTEST_REASON:
            raise ConfigError(
                f"params.yaml: promote.accepted_gaps.{key}: write why the gap may stand, in "
                f"{SHORTEST_REASON} characters or more"
            )
    return dict(accepted)
