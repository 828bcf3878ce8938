"""Who looked at whose page, and when: kept apart from the pages, for the owner's eyes alone."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class AuditTrail:
    """Appends a line for each look to ``folder``/audit-DATE.jsonl; None: keeps nothing.

    A page is shown only after its line is written: a trail that cannot be kept is an OSError.
    """

    folder: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def record(self, who: str, did: str, patient: str = "") -> None:
        """``who`` did ``did`` (page, print, leaflet, list and so on) with the patient's data."""
        if self.folder is None:
            return
        now = datetime.now(UTC)
        entry = {"time": now.isoformat(timespec="seconds"), "who": who, "did": did}
        if patient:
            entry["patient"] = patient
        line = (json.dumps(entry, ensure_ascii=False) + "\n").encode()
        path = self.folder / f"audit-{now:%Y-%m-%d}.jsonl"
        with self._lock:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, _APPEND, 0o600)
            try:
                os.fchmod(file, 0o600)
                os.write(file, line)
            finally:
                os.close(file)
