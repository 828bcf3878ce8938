"""XGBoost without scikit-learn, for processes that only predict."""

from __future__ import annotations

import sys


def import_xgboost_alone() -> None:
    """Import xgboost without scikit-learn and, with it, scipy.stats: most of its start.

    It would import them for classes that no prediction uses. Where either is there already,
    nothing changes.
    """
    if "xgboost" in sys.modules or "sklearn" in sys.modules:
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        import xgboost  # noqa: F401
    finally:
        del sys.modules["sklearn"]
