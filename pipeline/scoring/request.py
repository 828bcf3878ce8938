"""What a person asks of `calcirisk score`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from features.cohort_map.dialect import Dialect
from pipeline.scoring.columns import Categories, Comparison, Wanted


@dataclass(frozen=True)
class ScoreRequest:
    """What to score and how.

    ``file``: a file, a folder of Parquet, or the URL of a database with a ``query``. ``cohort``:
    map name or file, None for dictionary names. ``lesions``: table of the patients' lesions, for
    a map that reads one. ``keep``, ``horizons``, ``n_reasons``, ``points``, ``intervals``: see
    `pipeline.scoring.columns.Wanted`. ``overwrite``: replace what is there, finished or not;
    ``resume``: go on where a killed job stopped, if one did. ``batch_rows``: rows in memory at a
    time (text files: as many as fit into about the same space). ``workers``: see
    `pipeline.scoring.workers.worker_pool.count_workers`. ``index_date``: the day on which
    health records are read, None for each patient's last measurement.
    """

    file: Path | str
    model: str
    out: Path
    cohort: str | None = None
    horizons: tuple[float, ...] | None = None
    n_reasons: int = 3
    overwrite: bool = False
    lesions: Path | None = None
    points: Literal["text", "column"] = "text"
    intervals: bool = True
    keep: tuple[str, ...] = ()
    categories: Categories = field(default_factory=Categories)
    comparison: Comparison | None = field(default_factory=Comparison)
    query: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    resume: bool = False
    run_id: str | None = None
    batch_rows: int = 65_536
    workers: int = 0
    index_date: date | None = None

    @property
    def wanted(self) -> Wanted:
        """What is asked of the scores themselves."""
        return Wanted(
            self.horizons,
            self.n_reasons,
            self.points,
            self.intervals,
            self.keep,
            self.categories,
            self.comparison,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What is asked for, plainly. Raises ConfigError where nobody can have it."""
        return asdict(self.wanted)

    @property
    def rejects(self) -> Path:
        """The file that lists the rows that are not scored."""
        return self.out.with_suffix(".rejects.csv")

    @property
    def schema(self) -> Path:
        """The file that says what each column of the output means."""
        return self.out.with_suffix(".schema.json")
