"""What the files of a job are made of: the types of their columns, and what the schema tells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from features.intake.sources.source import REJECT_COLUMNS
from pipeline.scoring.preparation import Job

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
        "columns": [{"name": name, **about} for name, about in job.told.items()],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"
