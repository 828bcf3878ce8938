"""Files of other programs, whatever is in them: read, or refused in a sentence."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from features.errors import CalciriskError, ScanError

P = ParamSpec("P")
T = TypeVar("T")


def refusing_nonsense(read: Callable[P, T]) -> Callable[P, T]:
    """A reader that raises ScanError in place of whatever a file makes the libraries raise."""

    @wraps(read)
    def careful(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with warnings.catch_warnings():
                # what a program writes against the letter of a standard is not the reader's to
                # mend, and such a warning shows the value
                warnings.simplefilter("ignore")
                return read(*args, **kwargs)
        except CalciriskError:
            raise
        except Exception as error:  # at values that no scanner writes libraries raise anything
            kind = f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins.")
            raise ScanError(
                f"a file holds what cannot be read as what it claims to be ({kind}). "
                "Export it again"
            ) from error

    return careful
