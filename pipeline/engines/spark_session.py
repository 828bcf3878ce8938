"""Spark for one job: the one that runs already, or one on all cores of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_JAVA = 17
# Only this machine may reach what runs on this machine alone.
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    # Each core has a worker of its own.
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.NUMBA_NUM_THREADS": "1",
}


@contextmanager
def spark_session(batch_rows: int) -> Iterator[SparkSession]:
    """A session with settings of its own; a Spark that was started for it ends with it.

    ``batch_rows``: rows that a worker holds at a time. Raises ConfigError where Spark or Java is
    not here.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError(
            "--engine spark needs Spark: `make spark`, or pip install 'calcirisk[spark]'"
        ) from error
    running = SparkSession.getActiveSession()
    session = (running or _start()).newSession()
    settings = {
        "spark.sql.caseSensitive": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(batch_rows),
    }
    for key, value in settings.items():
        session.conf.set(key, value)
    try:
        yield session
    finally:
        if running is None:
            session.stop()


def _start() -> SparkSession:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").is_file()):
        raise ConfigError(
            f"--engine spark needs Java {_JAVA} or later: install it (Debian: "
            f"openjdk-{_JAVA}-jre-headless), or set JAVA_HOME"
        )
    builder = SparkSession.builder.appName("calcirisk score").config("spark.log.level", "ERROR")
    builder = builder.config("spark.ui.showConsoleProgress", str(sys.stderr.isatty()).lower())
    if SparkConf().get("spark.master", "local[*]").startswith("local"):
        # else workers take the first python3 on the PATH, which may be another without our packages
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for key, value in _LOCAL.items():
            builder = builder.config(key, value)
    return builder.getOrCreate()
