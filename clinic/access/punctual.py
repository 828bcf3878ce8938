"""A connection that says nothing is closed, so that half-open ones cost others nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0


class PunctualProtocol(H11Protocol):
    """Closes a connection whose request has not arrived whole within ``SECONDS``."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected: it has so long to ask."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(SECONDS, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Something has arrived; what asks anew after an answer has as long again."""
        super().data_received(data)
        waits = self._waits
        if waits and (self._deadline is None or self._deadline.cancelled()):
            self._deadline = self.loop.call_later(SECONDS, self._give_up)
        elif not waits and self._deadline is not None:
            self._deadline.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, one way or the other."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if self._waits:
            self.transport.close()

    @property
    def _waits(self) -> bool:
        """Whether no request is being answered."""
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)
