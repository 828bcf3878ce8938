"""The packages of the extra `imaging`, imported where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from features.errors import ConfigError


def imaging_package(name: str) -> Any:
    """A package of the extra. Raises ConfigError that says how to install it."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("pydicom", "highdicom", "nibabel"):
            raise
        raise ConfigError(
            f"Scans need {error.name}. Install the extra: pip install 'calcirisk[imaging]'"
        ) from None
