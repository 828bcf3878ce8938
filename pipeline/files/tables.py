"""Files of a command that are all there whole, or none is: tables, reports, pictures."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError
from pipeline.files.destinations import refuse_existing, take
from pipeline.files.exchange import exchange
from pipeline.files.faults import describe_fault
from pipeline.files.private import hidden_beside, open_folder, open_private

if TYPE_CHECKING:
    import pandas as pd


class Tables:
    """Files in the making, under their names in a folder of their own until all are finished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, table: pd.DataFrame, out: Path) -> None:
        """Add rows to the CSV file that becomes ``out``; the first time with the header."""
        path = self.folder / out.name
        new = not path.exists()
        with open_private(path, "a", encoding="utf-8", newline="") as file:
            index = table.index.name is not None
            table.to_csv(file, header=new, index=index, lineterminator="\n")

    def publish(self, files: Sequence[Path]) -> None:
        """Put all files in their places; of one that was not made none is left from before."""
        made = [out for out in files if (self.folder / out.name).is_file()]
        for out in made:
            with (self.folder / out.name).open("rb") as file:
                os.fchmod(file.fileno(), 0o600)
                os.fsync(file.fileno())
        aside = self.folder / ".replaced"
        os.close(open_folder(aside))
        exchange({out: self.folder / out.name if out in made else None for out in files}, aside)


@contextmanager
def written_whole(
    files: Sequence[Path], sources: Sequence[Path], overwrite: bool
) -> Iterator[Tables]:
    """Tables that take their places at the end of the block; where it fails, nothing is left.

    What a command that was killed had left behind is removed. Raises ConfigError where a file is
    there and not to be replaced, is taken by another command or cannot be written.
    """
    folder = hidden_beside(files[0], "tables")
    try:
        with take(files, sources):
            if not overwrite:
                refuse_existing(*files)
            _remove(folder)
            os.close(open_folder(folder))
            try:
                tables = Tables(folder)
                yield tables
                tables.publish(files)
            finally:
                _remove(folder)
    except OSError as error:
        reason, remedy = describe_fault(error)
        raise ConfigError(f"{files[0]} cannot be written ({reason}): {remedy}") from error


def _remove(folder: Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder)
