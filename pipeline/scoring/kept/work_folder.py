"""What is scored so far, kept beside the output until all is: finished batches and their journal.

The folder ``.<output>.unfinished`` is its owner's alone and belongs to one process at a time: a
lock that the operating system drops with the process, so that a dead job never blocks a new one.
What is in it is believed by its checksums only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa

from features.errors import ConfigError
from pipeline.files.private import hidden_beside, open_folder, open_private
from pipeline.scoring.batch import Part
from pipeline.scoring.kept.journal import (
    DamagedError,
    Finished,
    read_lines,
    seal,
    unseal,
    write_lines,
)

__all__ = ["Finished", "WorkFolder", "sync_folder"]

_JOB, _JOURNAL, _OWNER, _FINISHED = "job.json", "journal.jsonl", "owner", "finished"


class WorkFolder:
    """The unfinished output of one scoring job; take it with `acquire`, close it in the end."""

    def __init__(self, out: Path, path: Path, lock: int) -> None:
        self._out, self.path, self._lock = out, path, lock
        self.journal: list[Finished] = []
        self._check = 0
        self._verified: set[Path] = set()

    @staticmethod
    def path_for(out: Path) -> Path:
        """Where the unfinished output of this file is kept."""
        return hidden_beside(out, "unfinished")

    @classmethod
    def acquire(cls, out: Path) -> WorkFolder:
        """The folder for this output. Raises ConfigError where another job or person has it."""
        path = cls.path_for(out)
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = open_folder(path)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                owner = (path / _OWNER).read_text() if (path / _OWNER).is_file() else "running"
                raise ConfigError(
                    f"{out} is in use by another job ({owner}). Wait for it or take another name"
                ) from None
            if _is_still(path, lock):
                work = cls(out, path, lock)
                work._sign()
                return work
            os.close(lock)  # the job before removed the folder in between

    def _sign(self) -> None:
        with open_private(self.path / _OWNER, "w") as file:
            file.write(f"process {os.getpid()} on {socket.gethostname()}")

    def load(self) -> dict[str, Any] | None:
        """The job that was begun here, None where there is none; reads its journal.

        Raises ConfigError where what is kept of it is not what was written.
        """
        if not (self.path / _JOB).is_file():
            return None
        self.journal, self._check = [], 0
        try:
            job, _ = unseal((self.path / _JOB).read_bytes())
            journal = self.path / _JOURNAL
            if journal.is_file():
                whole = journal.read_bytes().rpartition(b"\n")[0]
                entries, self._check = read_lines(whole)
                self.journal = entries
                # A line that was cut short by the end of the process is no line.
                with open_private(journal, "r+b") as file:
                    file.truncate(len(whole) + bool(whole))
        except DamagedError as error:
            raise self._damaged(str(error)) from error
        return job

    def begin(self, job: Mapping[str, Any]) -> None:
        """Forget what is here and begin a job."""
        _announcement(self._out).unlink(missing_ok=True)
        self.clear()
        self._sign()
        self.write_file(_JOB, seal(job)[0])

    def write_file(self, name: str, content: bytes) -> None:
        """A file that is there whole or not at all."""
        unfinished = self.path / f"{name}.tmp"
        _write_whole(unfinished, content)
        unfinished.replace(self.path / name)
        os.fsync(self._lock)

    def add(self, finished: Finished, part: Part) -> None:
        """Keep a batch; it counts once its line is in the journal, on disk."""
        finished = replace(finished, scored_crc=part.scored_crc, rejects_crc=part.rejects_crc)
        _write_whole(self.scored_path(finished.batch), part.scored)
        if part.n_rejected:
            _write_whole(self.rejects_path(finished.batch), part.rejects)
        os.fsync(self._lock)
        lines, check = write_lines([finished], self._check)
        with open_private(self.path / _JOURNAL, "ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self.journal.append(finished)
        self._check = check

    def scored_path(self, batch: int) -> Path:
        """Where the scored rows of a batch are."""
        return self.path / f"{batch:08d}.scored.arrow"

    def rejects_path(self, batch: int) -> Path:
        """Where its rejects are; no file where there are none."""
        return self.path / f"{batch:08d}.rejects.arrow"

    def read_scored(self, batch: int) -> pa.Table:
        """The scored rows of a batch. Raises ConfigError where they are not those written."""
        return self._read_part(self.scored_path(batch), self.journal[batch].scored_crc)

    def read_rejects(self, batch: int) -> pa.Table | None:
        """The rejects of a batch, None where there are none; raises as `read_scored`."""
        if not self.journal[batch].rejected:
            return None
        return self._read_part(self.rejects_path(batch), self.journal[batch].rejects_crc)

    def _read_part(self, path: Path, expected: int) -> pa.Table:
        try:
            with pa.memory_map(str(path)) as source:
                # Arrow may not be given what was not looked at: it believes every offset.
                if path not in self._verified:
                    if crc32(source.read_buffer()) != expected:
                        raise self._damaged(f"{path.name} is not what was written")
                    self._verified.add(path)
                    source.seek(0)
                with pa.ipc.open_file(source) as reader:
                    return reader.read_all()
        except (FileNotFoundError, pa.ArrowInvalid) as error:
            raise self._damaged(f"{path.name} is not there or cut short") from error

    def _damaged(self, what: str) -> ConfigError:
        return ConfigError(
            f"{self._out}: what is kept of the unfinished job is damaged ({what}). Begin anew with "
            "--overwrite, and have the disk looked at"
        )

    def clear(self) -> None:
        """Remove everything in the folder."""
        self.journal, self._check = [], 0
        self._verified.clear()
        for path in self.path.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def announce(self, told: Mapping[str, Any]) -> None:
        """Keep what is to be reported of the job until `finish` has cleaned up behind it."""
        self.write_file(_FINISHED, seal(told)[0])

    def finish(self) -> None:
        """Remove all but the output; `read_announced` tells of the job until `forget_announced`."""
        told = _announcement(self._out)
        if (self.path / _FINISHED).is_file():
            (self.path / _FINISHED).replace(told)
            sync_folder(told.parent)
        self.remove()

    @staticmethod
    def forget_announced(out: Path) -> None:
        """The last step of a job: nothing is left of it but its output."""
        _announcement(out).unlink(missing_ok=True)

    @staticmethod
    def read_announced(out: Path) -> dict[str, Any] | None:
        """What was announced of a job that had its output in place and was not cleaned up.

        Something else of that name is none.
        """
        told = _announcement(out)
        if told.is_symlink() or not told.is_file():
            return None
        try:
            return unseal(told.read_bytes())[0]
        except (DamagedError, OSError):
            return None

    def remove(self) -> None:
        """Remove the folder; from the first step on, what is left of it is no job any more."""
        (self.path / _JOB).unlink(missing_ok=True)
        os.fsync(self._lock)
        shutil.rmtree(self.path, ignore_errors=True)

    @classmethod
    def holds_job(cls, out: Path) -> bool:
        """Whether a job was begun for this output; what a killed removal left is swept away."""
        path = cls.path_for(out)
        if path.is_dir() and not (path / _JOB).is_file():
            left = cls.acquire(out)
            try:
                if not (path / _JOB).is_file():
                    left.remove()
            finally:
                left.close()
        return (path / _JOB).is_file()

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self._lock)


def sync_folder(folder: Path) -> None:
    """Wait until names of files in the folder are on disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _announcement(out: Path) -> Path:
    return hidden_beside(out, _FINISHED)


def _is_still(path: Path, lock: int) -> bool:
    try:
        return os.fstat(lock).st_ino == path.lstat().st_ino
    except FileNotFoundError:
        return False


def _write_whole(path: Path, content: bytes | pa.Buffer) -> None:
    with open_private(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
