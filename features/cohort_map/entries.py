"""The parts of a cohort map, each a frozen dataclass that reads itself from its piece of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from features.cohort_map.section import Section
from features.endpoint import AGE, SINCE_ENTRY

TIME_UNITS = ("years", "months", "weeks", "days", "date")
COMBINATIONS = ("first_of", "mean_of", "max_of", "sum_of")
TESTS = ("is", "is_not", "at_least", "at_most", "present", "empty")
_ORIGINS = ("column", "constant", *COMBINATIONS)
SOURCE_KEYS = (*_ORIGINS, "unit", "codes", "missing", "confirmed", "note")
INCLUSION_KEYS = ("column", *TESTS, "reason")
VISIT_KEYS = ("column", "choose", "time")
OCCURRENCE_KEYS = ("column", "is", "not", "time", "confirmed", "present")
ENDPOINT_KEYS = (
    "title",
    "event",
    "competing",
    "time",
    "followup",
    "unit",
    "horizon",
    "start",
    "time_scale",
    "any_death",
)
LESION_KEYS = ("file", "patient_id", "columns", "absent")


@dataclass(frozen=True)
class ValueSource:
    """Where the values of one variable come from.

    ``combine`` is ``column``, ``constant`` or one of COMBINATIONS over ``columns``; ``unit`` is
    None where the dictionary's own unit holds; ``codes`` turns raw codes into canonical values;
    ``confirmed`` is False where no public source bears out the column's name or coding.
    """

    combine: str
    columns: tuple[str, ...]
    unit: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    constant: str = ""
    confirmed: bool = True
    note: str = ""

    @classmethod
    def read(cls, where: str, content: Any) -> ValueSource:
        """Read ``AGE`` or ``{column: CHOL, unit: mmol/L}`` or ``{first_of: [A, B]}``."""
        if isinstance(content, str):
            content = {"column": content}
        part = Section(where, content, SOURCE_KEYS)
        origins = [origin for origin in _ORIGINS if origin in part]
        if len(origins) != 1:
            part.fail(f"needs exactly one of {', '.join(_ORIGINS)}")
        combine = origins[0]
        columns = () if combine == "constant" else part.texts(combine)
        if combine != "constant" and not all(columns):
            part.fail(f"'{combine}' must name a column")
        if (combine == "column" and len(columns) != 1) or (
            combine in COMBINATIONS and len(columns) < 2
        ):
            part.fail("'column' takes one column, first_of and its like take two or more")
        codes = part.mapping("codes")
        if not all(isinstance(value, str) for value in codes.values()):
            part.fail("'codes' must hold 'raw code: value' lines")
        return cls(
            combine,
            columns,
            part.text("unit") or None,
            codes,
            part.texts("missing"),
            part.text("constant"),
            part.flag("confirmed", True),
            part.text("note"),
        )


@dataclass(frozen=True)
class Inclusion:
    """A rule that a row must meet to belong to the cohort; ``reason`` goes into the flow diagram.

    A row whose cell is missing meets no rule but ``empty``.
    """

    column: str
    test: str
    values: tuple[str, ...]
    reason: str

    @classmethod
    def read(cls, where: str, content: Any) -> Inclusion:
        """Read ``{column: PREVCHD, is: 0, reason: no coronary disease at entry}``."""
        part = Section(where, content, INCLUSION_KEYS)
        tests = [test for test in TESTS if test in part]
        if len(tests) != 1:
            part.fail(f"needs exactly one of {', '.join(TESTS)}")
        if tests[0] in ("at_least", "at_most"):
            part.number(tests[0])
        for test in ("present", "empty"):
            if tests[0] == test and not part.flag(test, True):
                part.fail(f"'{test}' can only be true")
        if tests[0] in ("is", "is_not") and not all(map(str.strip, part.texts(tests[0]))):
            part.fail("for empty cells say 'empty: true', for filled ones 'present: true'")
        return cls(part.required("column"), tests[0], part.texts(tests[0]), part.required("reason"))


@dataclass(frozen=True)
class Visit:
    """The row to take of a patient with several: the one whose ``column`` equals ``choose``.

    ``time`` is the column with the visit's own time, which is subtracted from every time of the
    endpoint, so that follow-up starts at the chosen visit.
    """

    column: str
    choose: str
    time: str | None = None

    @classmethod
    def read(cls, where: str, content: Any) -> Visit:
        """Read ``{column: PERIOD, choose: 1, time: TIME}``."""
        part = Section(where, content, VISIT_KEYS)
        return cls(part.required("column"), part.required("choose"), part.text("time") or None)


@dataclass(frozen=True)
class Occurrence:
    """One thing that may happen: it did where ``column`` holds one of ``values``, at ``time``.

    It did not where the column holds one of ``otherwise``, among which "" stands for an empty cell;
    any other value is a fault. ``present``: it did wherever the column is filled, such as a date
    of death, and did not where it is empty.
    """

    column: str
    values: tuple[str, ...]
    otherwise: tuple[str, ...]
    time: str | None
    confirmed: bool = True
    present: bool = False

    @classmethod
    def read(cls, where: str, content: Any) -> Occurrence:
        """Read ``EVENT`` (1 yes, 0 no) or ``{column: type, is: [mi, scd], not: none, time: t}``.

        ``{column: DIED_ON, present: true}``: it happened where that is filled.
        """
        if isinstance(content, str):
            content = {"column": content}
        part = Section(where, content, OCCURRENCE_KEYS)
        column, present = part.required("column"), part.flag("present", False)
        if present and ("is" in part or "not" in part):
            part.fail("'present' stands in place of 'is' and 'not'")
        return cls(
            column,
            part.texts("is", ("1",)),
            part.texts("not", ("0",)),
            part.text("time") or None,
            part.flag("confirmed", True),
            present,
        )


@dataclass(frozen=True)
class EndpointMap:
    """The first of ``events`` is the event, unless the first of ``competing`` came before it.

    ``followup`` is the column that says until when a patient without either was followed (None:
    the latest of the time columns). ``horizon`` in years marks a yes/no endpoint without times.
    ``start`` is the column with the time, on the clock of the others, at which observation began.
    ``time_scale`` "age": hazards change with age, not with the time since entry; without ``start``
    times count from entry, and the age then is the start. ``any_death``: dying of anything is an
    event, so that nothing competes.
    """

    title: str
    unit: str
    events: tuple[Occurrence, ...]
    competing: tuple[Occurrence, ...] = ()
    followup: str | None = None
    horizon: float | None = None
    start: str | None = None
    time_scale: str = SINCE_ENTRY
    any_death: bool = False

    @classmethod
    def read(cls, where: str, content: Any) -> EndpointMap:
        """Read the endpoint; ``time`` holds for every occurrence without a time of its own.

        What is ``present`` is its own time where it is a date, or where there is no ``time``.
        """
        part = Section(where, content, ENDPOINT_KEYS)
        horizon, unit, time = part.number("horizon"), part.text("unit"), part.text("time") or None
        events, competing = (
            tuple(_with_time(one, time, unit, horizon) for one in part.each(key, Occurrence.read))
            for key in ("event", "competing")
        )
        followup, start = part.text("followup") or time, part.text("start") or None
        time_scale = part.text("time_scale", SINCE_ENTRY)
        if time_scale not in (SINCE_ENTRY, AGE):
            part.fail(f"'time_scale' must be {SINCE_ENTRY} or {AGE}")
        if horizon is not None and (start or time_scale == AGE):
            part.fail("a fixed 'horizon' has no 'start' and no 'time_scale'")
        if not events:
            part.fail("'event' is missing")
        timed = [*(one.time for one in (*events, *competing)), followup]
        if horizon is not None:
            if any(timed) or competing:
                part.fail("a fixed 'horizon' has no 'time', 'followup' or 'competing'")
            if not horizon > 0:
                part.fail("'horizon' must be above zero")
        elif not all(timed[:-1]):
            part.fail("'time' is missing (or 'horizon' for a yes/no endpoint)")
        elif unit not in TIME_UNITS:
            part.fail(f"'unit' must be one of {', '.join(TIME_UNITS)}")
        any_death = part.flag("any_death", False)
        if any_death and competing:
            part.fail("'any_death' leaves nothing that competes: leave out one of them")
        title = part.text("title")
        return cls(title, unit, events, competing, followup, horizon, start, time_scale, any_death)

    @property
    def starts_at_age(self) -> bool:
        """Whether times count from entry, on a clock that shows the age then."""
        return self.time_scale == AGE and not self.start

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The columns with the times of the events, each once."""
        return tuple(dict.fromkeys(one.time for one in self.events if one.time))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column that the endpoint is made of, each once."""
        used: list[str | None] = [self.followup, self.start]
        for occurrence in (*self.events, *self.competing):
            used += [occurrence.column, occurrence.time]
        return tuple(dict.fromkeys(column for column in used if column))


def _with_time(one: Occurrence, time: str | None, unit: str, horizon: float | None) -> Occurrence:
    if one.present and horizon is None and (unit == "date" or time is None):
        time = one.column
    return replace(one, time=one.time or time)


@dataclass(frozen=True)
class LesionMap:
    """The lesion table: one row per lesion; ``patient_id`` is its column with the patient.

    ``absent_is_none``: whoever has no row in it has no calcium, because all were scanned.
    """

    file: str
    patient_id: str
    columns: Mapping[str, ValueSource]
    absent_is_none: bool = False

    @classmethod
    def read(cls, where: str, content: Any) -> LesionMap:
        """Read ``lesions.csv`` or ``{file: lesions.csv, patient_id: id, columns: {...}}``.

        ``absent: no calcium`` says of patients without a row that they have none.
        """
        if isinstance(content, str):
            content = {"file": content}
        part = Section(where, content, LESION_KEYS)
        absent = part.text("absent", "unknown")
        if absent not in ("unknown", "no calcium"):
            part.fail("'absent' must be 'no calcium' or 'unknown'")
        columns = {
            name: ValueSource.read(f"{where}.columns.{name}", source)
            for name, source in part.mapping("columns").items()
        }
        identifier = part.text("patient_id", "patient_id")
        return cls(part.required("file"), identifier, columns, absent == "no calcium")
