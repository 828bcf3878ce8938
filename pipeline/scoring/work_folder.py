"""What is scored so far, kept beside the output until all is: finished batches and their journal.

The folder ``.<output>.unfinished`` belongs to one process at a time: a lock that the operating
system drops with the process, so that a dead job never blocks a new one.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.errors import ConfigError
from pipeline.scoring.part import Part

_JOB, _JOURNAL, _OWNER, _FINISHED = "job.json", "journal.jsonl", "owner", "finished"


@dataclass(frozen=True)
class Finished:
    """One line of the journal: what is in a finished batch. ``seal``: hash of its raw rows."""

    batch: int
    rows: int
    scored: int
    rejected: int
    done: int
    seal: str = ""


class WorkFolder:
    """The unfinished output of one scoring job; take it with `acquire`, close it in the end."""

    def __init__(self, out: Path, path: Path, lock: int) -> None:
        self._out, self.path, self._lock = out, path, lock
        self.journal: list[Finished] = []

    @staticmethod
    def path_for(out: Path) -> Path:
        """Where the unfinished output of this file is kept."""
        return out.with_name(f".{out.name}.unfinished")

    @classmethod
    def acquire(cls, out: Path) -> WorkFolder:
        """The folder for this output. Raises ConfigError where another job has it."""
        path = cls.path_for(out)
        while True:
            path.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                owner = (path / _OWNER).read_text() if (path / _OWNER).is_file() else "running"
                raise ConfigError(
                    f"{out} is being written by another job ({owner}). Wait for it or take "
                    "another name"
                ) from None
            if _is_still(path, lock):
                (path / _OWNER).write_text(f"process {os.getpid()} on {socket.gethostname()}")
                return cls(out, path, lock)
            os.close(lock)  # the job before removed the folder in between

    def load(self) -> dict[str, Any] | None:
        """The job that was begun here, None where there is none; reads its journal."""
        if not (self.path / _JOB).is_file():
            return None
        job: dict[str, Any] = json.loads((self.path / _JOB).read_text(encoding="utf-8"))
        journal = self.path / _JOURNAL
        self.journal = []
        if journal.is_file():
            whole = journal.read_bytes().rpartition(b"\n")[0]
            self.journal = [Finished(**json.loads(line)) for line in whole.splitlines()]
            # A line that was cut short by the end of the process is no line.
            with journal.open("r+b") as file:
                file.truncate(len(whole) + bool(whole))
        return job

    def begin(self, job: Mapping[str, Any]) -> None:
        """Forget what is here and begin a job."""
        _announcement(self._out).unlink(missing_ok=True)
        self.clear()
        (self.path / _OWNER).write_text(f"process {os.getpid()} on {socket.gethostname()}")
        self.write_file(_JOB, json.dumps(job, indent=1).encode())

    def write_file(self, name: str, content: bytes) -> None:
        """A file that is there whole or not at all."""
        unfinished = self.path / f"{name}.tmp"
        _write_whole(unfinished, content)
        unfinished.replace(self.path / name)
        os.fsync(self._lock)

    def add(self, finished: Finished, part: Part) -> None:
        """Keep a batch; it counts once its line is in the journal, on disk."""
        _write_whole(self.scored_path(finished.batch), part.scored)
        if part.n_rejected:
            _write_whole(self.rejects_path(finished.batch), part.rejects)
        os.fsync(self._lock)
        with (self.path / _JOURNAL).open("ab") as file:
            file.write(json.dumps(asdict(finished)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.journal.append(finished)

    def scored_path(self, batch: int) -> Path:
        """Where the scored rows of a batch are."""
        return self.path / f"{batch:08d}.scored.arrow"

    def rejects_path(self, batch: int) -> Path:
        """Where its rejects are; no file where there are none."""
        return self.path / f"{batch:08d}.rejects.arrow"

    def read_scored(self, batch: int) -> pa.Table:
        """The scored rows of a batch."""
        return _read_part(self.scored_path(batch))

    def read_rejects(self, batch: int) -> pa.Table | None:
        """The rejects of a batch, None where there are none."""
        path = self.rejects_path(batch)
        return _read_part(path) if path.is_file() else None

    def clear(self) -> None:
        """Remove everything in the folder."""
        self.journal = []
        for path in self.path.iterdir():
            path.unlink()

    def announce(self, told: Mapping[str, Any]) -> None:
        """Keep what is to be told of the job until `finish` has cleaned up behind it."""
        self.write_file(_FINISHED, json.dumps(told).encode())

    def finish(self) -> None:
        """Remove all but the output; killed in between, `read_announced` tells of the job."""
        told = _announcement(self._out)
        if (self.path / _FINISHED).is_file():
            (self.path / _FINISHED).replace(told)
            sync_folder(told.parent)
        self.remove()
        told.unlink(missing_ok=True)

    @staticmethod
    def read_announced(out: Path) -> dict[str, Any] | None:
        """What was announced of a job that had its output in place and was not cleaned up."""
        told = _announcement(out)
        if not told.is_file():
            return None
        announced: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        return announced

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
            try:
                left = cls.acquire(out)
            except ConfigError:
                return False
            if not (path / _JOB).is_file():
                left.remove()
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
    return out.with_name(f".{out.name}.{_FINISHED}")


def _is_still(path: Path, lock: int) -> bool:
    try:
        return os.fstat(lock).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _write_whole(path: Path, content: bytes | pa.Buffer) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_part(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        return reader.read_all()
