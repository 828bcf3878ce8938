"""What the files of a model may hold: names, shapes and bounds, all in one place.

A field that is named here is checked wherever it stands; whatever else there is must be finite,
small and shallow. What fits is tried on patients before the model is used (`models.scorer`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from features.dictionary.variable import NAME_OF_FEATURE
from features.errors import CalciriskError, ModelError

LARGEST_FILE = 1 << 28
_DEEPEST, _LONGEST_TEXT, _LARGEST_NUMBER = 16, 10_000, 1e15
_CAUSE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_FEATURES, _MOST_CAUSES = 10_000, 10
# Lists of margins, by the kind of model; each becomes part of the name of a file.
_MARGINS = ("causes", "margins")


@dataclass(frozen=True)
class Numbers:
    """A number, a list of numbers, or of lists of them.

    ``shape``: names of lengths that must agree within a file, None for any; () for one number, of
    which ``rising`` and the like say nothing. ``low``, ``high``:
    bounds, included; ``high`` may be the name of a length, which is not included then. ``whole``:
    positions or counts; ``rising``: each above the one before, along the last axis.
    """

    shape: tuple[str | None, ...]
    low: float = -math.inf
    high: float | str = math.inf
    whole: bool = False
    rising: bool = False
    steady: bool = False


# p features, u of them modelled, b bends, r products, i indicators, h horizons, g ages: as the
# docstrings of the parts have it.
FIELDS: dict[str, Numbers] = {
    "used": Numbers(("u",), 0, "p", whole=True, rising=True),
    "mean": Numbers(("u",)),
    "scale": Numbers(("u",), 1e-12),
    "loadings": Numbers(("u", None)),
    "noise": Numbers(("u",), 1e-12),
    "bends.columns": Numbers(("b",), 0, "u", whole=True),
    "bends.knots": Numbers(("b", None), rising=True),
    "bends.intercept": Numbers(("b",)),
    "bends.slope": Numbers(("b",)),
    "bends.scale": Numbers(("b",), 1e-12),
    "products.first": Numbers(("r",), 0, "u", whole=True),
    "products.second": Numbers(("r",), 0, "u", whole=True),
    "products.mean": Numbers(("r",)),
    "indicated": Numbers(("i",), 0, "p", whole=True),
    "share": Numbers(("i",), 0, 1),
    "coefficients": Numbers((None,)),
    "slopes": Numbers(("u",)),
    "directions": Numbers(("u",), -1, 1, whole=True),
    "link.knots": Numbers(("j",), 0, rising=True),
    "link.cumulative": Numbers(("k", "j"), 0, steady=True),
    "absences.shifts": Numbers(("a", "k"), -10, 10),
    "absences.of_set": Numbers(("f",), 0, "a", whole=True, steady=True),
    "absences.features": Numbers(("f",), 0, "p", whole=True),
    "absences.group": Numbers(("a",), -1, whole=True),
    "years": Numbers(("y",), 0, rising=True),
    "events": Numbers(("y",), 0),
    "linear_weight": Numbers(()),
    "boosted_weight": Numbers(()),
    "shift": Numbers(()),
    "begun_shift": Numbers(()),
    "longest": Numbers((), 1e-3, 200),
    "ages": Numbers(("g",), 0, 150, whole=True, rising=True),
    "patients": Numbers(("g",), 0, whole=True),
    "mean_risks": Numbers(("h", "g"), 0, 1),
    "law.power": Numbers((), 1e-3, 100),
    "law.rates": Numbers(("r",), 0),
    "law.weights": Numbers(("r",), 0, 1),
    "law.onset_shape": Numbers((), 1e-3, 100),
    "law.artefact": Numbers((), 0, 1),
    "law.artefact_mean": Numbers((), 1e-9),
}


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Raises ModelError in place of whatever a file that is not ours makes its reader raise."""
    try:
        yield
    except CalciriskError:
        raise
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is no whole model: {error.filename} is not there") from None
    except OSError as error:
        raise ModelError(f"{folder} cannot be read ({error.strerror})") from error
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TokenError,
        TypeError,
        ValueError,
        np.linalg.LinAlgError,
    ) as error:
        raise ModelError(
            f"{folder} holds something else than this version of calcirisk writes "
            f"({type(error).__name__}). Fetch or train the model again"
        ) from error


def read_json(
    path: Path, with_fields: bool = False, lengths: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The object in a file of a model, its numbers finite.

    ``with_fields``: it holds parts of the model, as `FIELDS` says. ``lengths``: those of
    `Numbers.shape` that other files set. Raises ModelError, FileNotFoundError.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise ModelError(f"{path} is larger than any file of a model")
    with reading(path):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict):
            raise ModelError(f"{path} was not written by this version: no object is in it")
        _look(stored, path, 0)
        _check_names(stored, path)
        if with_fields:
            _check_fields(stored, path, dict(lengths or {}))
    return stored


def read_array(path: Path) -> npt.NDArray[Any]:
    """The finite numbers in an .npy file. Raises ModelError, FileNotFoundError."""
    with reading(path):
        if not path.is_file():
            raise FileNotFoundError(2, "not there", str(path))
        # mapped first: a shape that is larger than the file is an error and no memory
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if mapped.dtype.kind not in "iuf":
            raise ModelError(f"{path} holds something else than numbers")
        # halves, quadruples and foreign orders of bytes are numbers that not every loop takes
        array = np.array(mapped, np.float64 if mapped.dtype.kind == "f" else np.int64)
        if not (np.abs(array) <= _LARGEST_NUMBER).all():
            raise ModelError(f"{path} holds numbers that are not finite, or beyond all bounds")
        return array


def _look(value: Any, path: Path, depth: int) -> None:
    if depth > _DEEPEST:
        raise ModelError(f"{path} is nested too deeply")
    if isinstance(value, Mapping):
        for name, one in value.items():
            _look(name, path, depth)
            _look(one, path, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _look(one, path, depth + 1)
    elif isinstance(value, str):
        if len(value) > _LONGEST_TEXT or "\0" in value:
            raise ModelError(f"{path} holds a text that is too long")
    elif isinstance(value, (int, float)) and not abs(value) <= _LARGEST_NUMBER:
        raise ModelError(f"{path} holds a number that is not finite, or beyond all bounds")


def _check_names(stored: Mapping[str, Any], path: Path) -> None:
    names = stored.get("feature_names")
    if names is not None:
        if not all(isinstance(one, str) and NAME_OF_FEATURE.fullmatch(one) for one in names):
            raise ModelError(f"{path} names a feature as no feature can be named")
        if not 0 < len(names) == len(set(names)) <= _MOST_FEATURES:
            raise ModelError(f"{path} names no feature, too many, or one twice")
    for margins in (stored[key] for key in _MARGINS if key in stored):
        called = [margin["name"] for margin in margins]
        if not all(isinstance(one, str) and _CAUSE.fullmatch(one) for one in called):
            raise ModelError(f"{path} names a cause as no cause can be named")
        if not 0 < len(called) == len(set(called)) <= _MOST_CAUSES:
            raise ModelError(f"{path} names no cause, too many, or one twice")


def _check_fields(stored: Mapping[str, Any], path: Path, lengths: dict[str, int]) -> None:
    if "feature_names" in stored:
        lengths["p"] = len(stored["feature_names"])
    if "causes" in stored:
        lengths["k"] = len(stored["causes"])
    completion = stored.get("completion")
    if isinstance(completion, Mapping):
        if completion["n_features"] != lengths.get("p"):
            raise ModelError(f"{path}: n_features is not the number of features")
        _check_part(completion, path, lengths, "")
    for name, value in stored.items():
        if name in _MARGINS:
            for margin in value:
                # lengths of bends, products, indicators are those of a margin, others of the model
                _check_part(margin, path, dict(lengths), "")
        elif name != "completion":
            _check_part({name: value}, path, dict(lengths), "")


def _check_part(part: Mapping[str, Any], path: Path, lengths: dict[str, int], where: str) -> None:
    for name, value in part.items():
        if isinstance(value, Mapping):
            _check_part(value, path, lengths, name)
            continue
        field = FIELDS.get(f"{where}.{name}") or FIELDS.get(name if where != "bends" else "")
        # a list may be left out, as that of a part which is not there
        if field is not None and not (value is None and field.shape):
            _check_numbers(f"{where}.{name}".lstrip("."), value, field, path, lengths)


def _check_numbers(
    name: str, value: Any, field: Numbers, path: Path, lengths: dict[str, int]
) -> None:
    def require(holds: object, what: str) -> None:
        if not holds:
            raise ModelError(f"{path}: {name} {what}. Fetch or train the model again")

    require(isinstance(value, list if field.shape else (int, float)), "is of another kind")
    table = np.array(value, np.float64) if value else np.zeros((0,) * len(field.shape))
    require(table.ndim == len(field.shape), "has another shape")
    for length, known in zip(table.shape, field.shape, strict=True):
        if known is not None:
            require(lengths.setdefault(known, length) == length, "has another length than the rest")
    high = field.high
    if isinstance(high, str):
        high = lengths[high] - 1 if high in lengths else math.inf
    require((table >= field.low).all() and (table <= high).all(), "is out of bounds")
    require(not field.whole or (table == table.round()).all(), "is no list of positions")
    steps: Callable[..., Any] = np.diff
    require(not field.rising or (steps(table, axis=-1) > 0).all(), "does not rise")
    require(not field.steady or (steps(table, axis=-1) >= 0).all(), "falls")
