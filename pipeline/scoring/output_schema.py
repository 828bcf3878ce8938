"""What the files of a job are made of: the types of their columns, and what the schema tells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from features.errors import ConfigError
from features.intake.validation.findings import REJECT_COLUMNS
from pipeline.scoring.job_setup import Job
from pipeline.scoring.request import ScoreRequest

REJECTS_SCHEMA = pa.schema(
    [("row", pa.int64()), *((name, pa.string()) for name in REJECT_COLUMNS[1:])]
)
_TYPES = {"string": pa.string(), "double": pa.float64(), "int64": pa.int64()}


def output_schema(
    told: Mapping[str, Mapping[str, Any]], names: Sequence[str] | None = None
) -> pa.Schema:
    """Arrow types of the columns that `describe_columns` told, or of some of them."""
    return pa.schema([(name, _TYPES[str(told[name]["type"])]) for name in names or told])


def describe_output(job: Job) -> bytes:
    """The schema beside the output as JSON: files, model, and each column with its meaning."""
    content = {
        "output": job.request.out.name,
        "rejects": job.request.rejects.name,
        "model": job.constants,
        "input": job.fingerprint["input"],
        "columns": [{"name": name, **about} for name, about in job.told.items()],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def refuse_shared(request: ScoreRequest) -> None:
    """Raises ConfigError where rejects and schema of these names are those of another output."""
    try:
        other = json.loads(request.schema.read_text(encoding="utf-8"))["output"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if not isinstance(other, str) or other in ("", request.out.name) or "/" in other:
        return
    if request.out.with_name(other).exists():
        raise ConfigError(
            f"{request.rejects.name} and {request.schema.name} are those of {other}. Take "
            f"another name than {request.out.name}, or remove {other} first"
        )
