"""What scikit-learn hands over as ``y``, read as an endpoint. Ambiguous is never guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.endpoint import AGE, CENSORED, COMPETING, EVENT, SINCE_ENTRY, Endpoint
from features.errors import CohortError, Problem
from features.intake.follow_up import LONGEST_YEARS
from models.estimator.frames import read_table

Target = npt.NDArray[np.void]

TARGET = np.dtype([("event", np.int8), ("time", np.float64)])
FIXED = np.dtype([("event", np.int8), ("horizon", np.float64)])
DELAYED = np.dtype([("event", np.int8), ("time", np.float64), ("start", np.float64)])
_FORMS = (
    "Give an Endpoint; a structured array of an event and a time, as scikit-survival's Surv makes "
    "it; a table with the columns time and event, and competing or start where they are recorded, "
    "or event and horizon where only a yes or no by then is; or times alone, negative for the "
    "censored, as XGBoost reads them"
)


def as_target(endpoint: Endpoint) -> Target:
    """(n,) structured array of event (0, 1, 2) and time (years), which scikit-learn can split.

    Of a yes or no by a fixed horizon event (0, 1) and horizon. After delayed entry with the
    ``start`` of observation; both are then on the clock of the hazard.
    """
    if endpoint.is_delayed:
        late = np.empty(len(endpoint), dtype=DELAYED)
        late["event"], late["time"], late["start"] = endpoint.event, endpoint.stop, endpoint.entered
        return late
    if endpoint.horizon is not None:
        fixed = np.empty(len(endpoint), dtype=FIXED)
        fixed["event"], fixed["horizon"] = endpoint.event, endpoint.horizon
        return fixed
    target = np.empty(len(endpoint), dtype=TARGET)
    target["event"], target["time"] = endpoint.event, endpoint.time
    return target


def read_target(y: Any, time_scale: str = SINCE_ENTRY) -> Endpoint:
    """The endpoint of any of these forms of ``y``; times in years.

    With a ``start``, times are on the clock of the hazard, ``time_scale``: (start, time] is when a
    patient was under observation. An Endpoint says so itself.

    Raises CohortError, which names no patient's time, where times or codes are impossible or the
    form leaves open which is which.
    """
    if isinstance(y, Endpoint):
        return y
    if isinstance(y, np.ndarray):
        return _read_array(y, time_scale)
    is_table = isinstance(y, pd.DataFrame) or hasattr(y, "__arrow_c_stream__")
    if isinstance(y, pd.Series | list | tuple) or (hasattr(y, "__array__") and not is_table):
        return _read_array(np.asarray(y), time_scale)
    return _read_columns(read_table(y), time_scale)


def read_yes_or_no(event: Any, horizon: Any, name: str = "event") -> Endpoint:
    """The endpoint of patients of whom it is known whether they had the event by a fixed horizon.

    ``event``: (n,) 0 or 1, what a message calls ``name``; ``horizon``: years, the same for all.
    Raises CohortError.
    """
    code, years = _read_numbers(name, event), np.unique(_read_years("horizon", horizon))
    if unknown := int((~np.isin(code, (0, 1))).sum()):
        rule = "must be 0 (no) or 1 (yes) for everyone, as only a yes or no by the horizon is known"
        remedy = "Leave out whose event is not known, or give times in place of the horizon"
        raise CohortError([Problem(name, rule, remedy, unknown)], "y")
    if len(years) > 1 or not (np.isfinite(years) & (years > 0) & (years <= LONGEST_YEARS)).all():
        rule = f"must be one number of years for all, above 0 and up to {LONGEST_YEARS:.0f}"
        raise CohortError([Problem("horizon", rule, "Give the years of the yes or no")], "y")
    time = np.full(len(code), *years) if len(code) else np.empty(0)
    return Endpoint(time, code.astype(np.int8), float(years[0]) if len(years) else None)


def _read_array(y: npt.NDArray[Any], time_scale: str) -> Endpoint:
    if y.dtype.names is not None:
        return _read_fields(y, time_scale)
    if y.ndim != 1 or y.dtype.kind not in "iuf":
        raise _refuse(f"Unknown label type: an array of {y.dtype}, shape {y.shape}")
    signed = y.astype(np.float64)
    event = np.where(signed > 0, EVENT, CENSORED).astype(np.int8)
    return _end(np.abs(signed), event, None, time_scale)


def _read_fields(y: npt.NDArray[Any], time_scale: str) -> Endpoint:
    names = y.dtype.names or ()
    kinds = {name: y.dtype[name].kind for name in names}
    if set(names) == {"event", "horizon"}:
        return read_yes_or_no(y["event"], y["horizon"])
    flags = [name for name, kind in kinds.items() if kind == "b"]
    if {"event", "time"} <= set(names):
        event, time = "event", "time"
    elif len(names) == 2 and len(flags) == 1:
        event = flags[0]
        time = next(name for name in names if name != event)
    else:
        raise _refuse(f"the fields {', '.join(names)} do not say which is the event")
    start = y["start"] if "start" in names else None
    return _join(y[event], y[time], None, start, time_scale)


def _read_columns(table: pd.DataFrame, time_scale: str) -> Endpoint:
    named = {str(name).casefold(): name for name in table.columns}
    if set(named) == {"event", "horizon"}:
        return read_yes_or_no(table[named["event"]], table[named["horizon"]])
    if not {"time", "event"} <= set(named) <= {"time", "event", "competing", "start"}:
        raise _refuse(f"the columns are {', '.join(map(str, table.columns))}")
    competing = table[named["competing"]] if "competing" in named else None
    start = table[named["start"]] if "start" in named else None
    return _join(table[named["event"]], table[named["time"]], competing, start, time_scale)


def _join(event: Any, time: Any, competing: Any, start: Any, time_scale: str) -> Endpoint:
    code = _read_numbers("event", event)
    if competing is not None:
        other = _read_numbers("competing", competing)
        both = int(((code == 1) & (other == 1)).sum())
        if both or not (np.isin(code, (0, 1)).all() and np.isin(other, (0, 1)).all()):
            rule = "event and competing must be 0 or 1, and not both 1"
            raise CohortError([Problem("competing", rule, "Keep what came first", both)], "y")
        code = np.where(other == 1, COMPETING, code)
    unknown = int((~np.isin(code, (CENSORED, EVENT, COMPETING))).sum())
    if unknown:
        rule = "must be 0 (censored), 1 (event) or 2 (competing event)"
        raise CohortError([Problem("event", rule, "Correct the codes", unknown)], "y")
    begun = None if start is None else _read_years("start", start)
    return _end(_read_years("time", time), code.astype(np.int8), begun, time_scale)


def _read_years(name: str, values: Any) -> npt.NDArray[np.float64]:
    """(n,) years; dates and durations, whose numbers are nanoseconds, are refused."""
    if getattr(getattr(values, "dtype", None), "kind", "") in ("M", "m"):
        rule = "holds dates or durations, and years are asked for"
        remedy = "Give years from entry, such as durations.dt.days / 365.25"
        raise CohortError([Problem(name, rule, remedy, len(values))], "y")
    return _read_numbers(name, values)


def _read_numbers(name: str, values: Any) -> npt.NDArray[np.float64]:
    """(n,) numbers; numpy's own refusal would repeat a patient's value."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        number = pd.to_numeric(pd.Series(np.asarray(values, dtype=object)), errors="coerce")
        rows = int(number.isna().sum())
    raise CohortError([Problem(name, "is no number", "Give numbers", rows)], "y")


def _end(
    time: npt.NDArray[np.float64], event: npt.NDArray[np.int8], start: Any, time_scale: str
) -> Endpoint:
    if start is not None:
        return Endpoint.between(start, time, event, time_scale)
    if time_scale == AGE:
        raise _refuse("age as time scale needs a start, the age at entry")
    return Endpoint(time, event)


def _refuse(rule: str) -> CohortError:
    return CohortError([Problem("y", rule, _FORMS)], "y")
