"""Readers that are an extra: there, or a sentence that says how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from features.errors import ConfigError


def import_reader(module: str, what: str) -> Any:
    """The module. Raises ConfigError that names the extra where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{what} needs the extra 'formats': pip install 'calcirisk[formats]'"
        ) from error
