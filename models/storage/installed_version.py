"""The versions of installed packages, which models, runs and unfinished work are marked with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from features.errors import ConfigError


def version_of(package: str) -> str:
    """The version of a package. Raises ConfigError where it is not installed, or not readably."""
    found = version_if_installed(package)
    if found is None:
        raise ConfigError(f"{package} is not installed here. Install it")
    return found


def version_if_installed(package: str) -> str | None:
    """The version, None where there is no such package.

    Raises ConfigError where its metadata cannot be read: Python then says None, or "".
    """
    try:
        found: str | None = version(package)
    except PackageNotFoundError:
        return None
    except (KeyError, FileNotFoundError):  # later versions of Python, and importlib_metadata
        found = None
    if not found:
        raise ConfigError(f"The version of {package} cannot be read. Install it again")
    return found
