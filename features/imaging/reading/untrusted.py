"""Files of other programs, whatever is in them: read, or refused in a sentence."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

from features.errors import CalciriskError, ScanError

P = ParamSpec("P")
T = TypeVar("T")

# What readers of DICOM, NIfTI and XML raise at values that no scanner writes.
_AT_A_LOSS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    np.linalg.LinAlgError,
)


_OF_LIBRARIES = {
    "pydicom.errors": ("BytesLengthException", "InvalidDicomError"),
    "nibabel.filebasedimages": ("ImageFileError",),
    "nibabel.spatialimages": ("HeaderDataError", "ImageDataError"),
    "nibabel.wrapstruct": ("WrapStructError",),
}


def _errors_of_libraries() -> tuple[type[Exception], ...]:
    """Those above, and errors of the loaded libraries that are of no common kind."""
    there = [(sys.modules.get(module), names) for module, names in _OF_LIBRARIES.items()]
    theirs = [getattr(module, name) for module, names in there if module for name in names]
    return (*_AT_A_LOSS, *theirs)


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
        except _errors_of_libraries() as error:
            raise ScanError(
                f"a file holds what cannot be read as what it claims to be ({type(error).__name__})"
                ". Export it again"
            ) from error

    return careful
