"""Strict reading of the YAML that people write: every key is known, everything is text at first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml

from features.errors import MapError
from features.yaml_file import describe_fault, read_yaml

T = TypeVar("T")


def read_text_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, every scalar as text.

    Raises MapError where the file is not a YAML mapping, is not UTF-8 or names a key twice.
    """
    try:
        found = read_yaml(path, as_text=True)
    except UnicodeDecodeError as error:
        raise MapError(f"{path.name}: is not UTF-8 text. Save it as UTF-8") from error
    except OSError as error:
        raise MapError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise MapError(f"{path.name}: {describe_fault(error)}") from error
    if not isinstance(found, dict):
        raise MapError(f"{path.name}: must hold 'key: value' lines")
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint ``; did you mean 'age'?`` or an empty text."""
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean '{folded[close[0]]}'?" if close else ""


class Section:
    """One mapping of a YAML file that knows where it stands, so that errors can say it."""

    def __init__(self, where: str, content: Any, known: Iterable[str]) -> None:
        self.where = where
        if not isinstance(content, Mapping):
            self.fail("must be a mapping of 'key: value'")
        self._content = content
        self._known = tuple(known)
        for key in content:
            if key not in self._known:
                hint = nearest(key, self._known) or f". Known keys: {', '.join(self._known)}"
                self.fail(f"unknown key '{key}'{hint}")

    def fail(self, message: str) -> NoReturn:
        """Raise a MapError that begins with the place."""
        raise MapError(f"{self.where}: {message}")

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def text(self, key: str, default: str = "") -> str:
        """The text under the key."""
        found = self._content.get(key, default)
        if not isinstance(found, str):
            self.fail(f"'{key}' must be one value, not a list or a mapping")
        return found.strip()

    def required(self, key: str) -> str:
        """The text under the key, which must be there and not be empty."""
        return self.text(key) or self.fail(f"'{key}' is missing")

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The texts under the key: a list, or one value."""
        found = self._content.get(key, list(default))
        items = [found] if isinstance(found, str) else found
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.fail(f"'{key}' must be a value or a list of values")
        return tuple(items)

    def number(self, key: str) -> float | None:
        """The number under the key, None where it is absent."""
        if key not in self:
            return None
        try:
            return float(self.text(key))
        except ValueError:
            self.fail(f"'{key}' must be a number")

    def flag(self, key: str, default: bool) -> bool:
        """The true or false under the key."""
        found = self.text(key, str(default).lower()).lower()
        if found not in ("true", "false"):
            self.fail(f"'{key}' must be true or false")
        return found == "true"

    def mapping(self, key: str) -> dict[str, Any]:
        """The mapping under the key, empty where it is absent."""
        found = self._content.get(key, {})
        if not isinstance(found, Mapping):
            self.fail(f"'{key}' must be a mapping of 'key: value'")
        return dict(found)

    def each(self, key: str, read: Callable[[str, Any], T]) -> tuple[T, ...]:
        """What ``read(where, item)`` makes of each item of the list, or of the one item."""
        found = self._content.get(key, [])
        items = found if isinstance(found, list) else [found]
        one = len(items) == 1
        return tuple(
            read(f"{self.where}.{key}" if one else f"{self.where}.{key}[{i + 1}]", item)
            for i, item in enumerate(items)
        )
