"""Whether a table of lesions, which is held in memory as a whole, has room there."""

from __future__ import annotations

from pathlib import Path

from features.errors import ConfigError
from features.intake.files.decoding import PARQUET
from features.intake.sources.text.text_stream import unpacked_chunks

BYTES_PER_CELL = 34
"""At the peak of reading; measured on the lesions of the simulated cohort (docs/scoring.md)."""

_HEAD = 1 << 20


def refuse_lack_of_memory(path: Path, free: int | None = None) -> None:
    """Raises ConfigError where the table needs more memory than is free, before it is read.

    ``free``: bytes; None for what the system has now, and no check where that is not told.
    """
    if free is None:
        free = _read_free()
    needed = estimate_cells(path) * BYTES_PER_CELL
    if free is not None and needed > free:
        raise ConfigError(
            f"{path}: a table of lesions is held in memory and needs about {_tell(needed)}, "
            f"where {_tell(free)} are free. Score the patients in parts, each with its own lesions"
        )


def estimate_cells(path: Path) -> int:
    """About how many cells the table has; of text, as if the first mebibyte were typical."""
    with path.open("rb") as file:
        if file.read(len(PARQUET)) == PARQUET:
            from pyarrow import parquet

            metadata = parquet.read_metadata(path)
            return int(metadata.num_rows * metadata.num_columns)
        file.seek(0)
        head, packed = b"", 0
        for chunk in unpacked_chunks(file, path.name):
            head, packed = head + chunk, file.tell()
            if len(head) >= _HEAD:
                break
    lines = head.split(b"\n", 1)[0], head.count(b"\n")
    columns = 1 + max(lines[0].count(sign) for sign in (b",", b";", b"\t", b"|"))
    return int(columns * lines[1] * path.stat().st_size / max(packed, 1))


def _read_free() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
    return found[0] if found else None


def _tell(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.0f} MiB"
