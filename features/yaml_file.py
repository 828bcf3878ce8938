"""The one reader of YAML: strict, a key given twice is an error and not a silent overwriting."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

# the parsers in C where PyYAML was built with them: four times as fast on the dictionary
_Typed: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Plain: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Strict:
    """Refuses a key that stands twice in one mapping, or that is none."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[attr-defined]
        for position, key in enumerate(keys):
            where = node.value[position][0].start_mark
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be plain text", where
                )
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} appears twice", where
                )
        return super().construct_mapping(node, deep)  # type: ignore[misc,no-any-return]


class _TypedLoader(_Strict, _Typed):  # type: ignore[misc]
    pass


class _TextLoader(_Strict, _Plain):  # type: ignore[misc]
    pass


# YAML 1.1 takes a number with an exponent and no point (1e-05) for text; YAML 1.2 does not.
_TypedLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z"),
    list("-+0123456789"),
)


def read_yaml(path: Path, *, as_text: bool = False) -> Any:
    """The content of a YAML file in UTF-8, with a byte order mark or without.

    ``as_text``: every scalar stays text (``no``, ``01`` and ``2020-01-01`` mean themselves).
    Raises OSError, UnicodeDecodeError or yaml.YAMLError.
    """
    loader = _TextLoader if as_text else _TypedLoader
    return yaml.load(path.read_text(encoding="utf-8-sig"), loader)


def describe_fault(error: yaml.YAMLError | RecursionError) -> str:
    """What is wrong with a file that could not be read, and in which line."""
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f" near line {mark.line + 1}"
    if isinstance(error, yaml.constructor.ConstructorError) and error.problem:
        return f"{error.problem}{line}"
    return f"is not valid YAML{line}"
