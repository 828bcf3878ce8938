"""How much and how often anyone may ask."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

LARGEST_BODY = 64 * 1024
# a health record sent along with a question
LARGEST_RECORD = 4 * 1024 * 1024
LONGEST_QUERY = 1024
_MOST_CLIENTS = 4096


@dataclass
class RateLimit:
    """A bucket of ``burst`` requests per client that fills at ``per_second``."""

    per_second: float
    burst: int
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, client: str) -> bool:
        """Whether the client may ask once more now; counts the question."""
        with self._lock:
            now = self.clock()
            left, last = self._buckets.pop(client, (float(self.burst), now))
            left = min(self.burst, left + (now - last) * self.per_second)
            self._buckets[client] = (max(left - 1.0, 0.0), now)
            if len(self._buckets) > _MOST_CLIENTS:
                self._buckets.popitem(last=False)
            return left >= 1.0
