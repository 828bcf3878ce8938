"""A PostgreSQL server of one's own: started in a temporary folder, stopped by whoever asks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

NOBODY = 65534
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def find_binaries() -> Path | None:
    """The folder with the server's programs, None where there is none."""
    on_path = shutil.which("initdb")
    return next(iter(_DEBIAN), Path(on_path).parent if on_path else None)


class Server:
    """A running server on a free port of the loopback interface; ``url`` for SQLAlchemy."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._data, self._binaries = folder / "data", binaries
        self._data.mkdir()
        # The server refuses to run as root.
        self._user = NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            folder.chmod(0o711)
            os.chown(self._data, NOBODY, -1)
        self._run("initdb", "--auth=trust", "--username=calcirisk", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"postgresql+psycopg://calcirisk@127.0.0.1:{port}/postgres"
        quiet = "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"
        self._settings = " ".join([f"-p {port}", *(f"-c {setting}" for setting in quiet)])
        self.start()

    def stop(self) -> None:
        """Stop at once, as a server that breaks down."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def start(self) -> None:
        """Start, always on the same port."""
        log = str(self._data / "log")
        self._run("pg_ctl", "-w", "-l", log, "-o", self._settings, "start")

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), "-D", str(self._data), *options],
            user=self._user,
            cwd=self._data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" or "start" not in options else None,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {(done.stderr or b'').decode()}")
