"""Alertmanager: what is valid is sent again before it would end by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from sla_engine.deliver import queue
from sla_engine.deliver.http import HttpClient
from sla_engine.deliver.plan import forms
from sla_engine.deliver.plan.message import SENT, Message, Outcome, Verdict
from sla_engine.deliver.plan.model import Destination
from sla_engine.deliver.store import Store
from sla_engine.deliver.transports import HttpTransport, lasting_ms
from sla_engine.engine.ports import Clock
from sla_engine.event.times import format_time

TOGETHER = 500
"""Alerts in one request."""

_log = logging.getLogger(__name__)


class Alertmanager:
    """A transport, and beside it a task that repeats what is valid.

    Both are never on their way at once: an alert that is repeated must not overtake its end.
    """

    def __init__(
        self,
        destination: Destination,
        inner: HttpTransport,
        headers: Mapping[str, str],
        store: Store,
        clock: Clock,
    ) -> None:
        self._destination = destination
        self._inner = inner
        self._headers = headers
        self._store = store
        self._clock = clock
        self._alone = asyncio.Lock()

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """As any other."""
        async with self._alone:
            return await self._inner.send(message, now_ms)

    async def repeat(self) -> None:
        """At the start, then every `resend`, until it is cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._destination.options["resend"] / 1000)

    async def once(self) -> int:
        """Send everything that is valid again; how many the Alertmanager took."""
        count, after = 0, 0
        timeout_s = self._destination.timeout_ms / 1000
        while True:
            try:
                async with asyncio.timeout(timeout_s), self._alone:
                    found, outcome = await self._some(after)
            except TimeoutError:
                found, outcome = [], Outcome(Verdict.AGAIN, f"no answer within {timeout_s:g} s")
            if outcome is not SENT:
                _log.warning(
                    "valid alerts could not be sent again",
                    extra={"destination": self._destination.name, "why": outcome.why},
                )
            if not found or outcome is not SENT:
                return count
            count += len(found)
            after = found[-1]

    async def _some(self, after: int) -> tuple[list[int], Outcome]:
        """The numbers of the valid alerts behind one, as many as go together, and what came of it.

        Read and sent alone: what ends in between is told afterwards.
        """
        name, options = self._destination.name, self._destination.options
        found = await self._store.call(
            partial(queue.valid_alerts, destination=name, after=after, limit=TOGETHER)
        )
        if not found:
            return [], SENT
        now_ms = self._clock.now_ms()
        ends = format_time(now_ms + lasting_ms(self._destination))
        alerts = [
            forms.alertmanager_alert(event, options["attributes"], ends, told=told)
            for _, event, told in found
        ]
        request = forms.alertmanager_post(alerts, options["url"], self._headers)
        return [number for number, _, _ in found], await self._client.send(request, now_ms)

    @property
    def _client(self) -> HttpClient:
        return self._inner.client

    async def close(self) -> None:
        """Close the connections."""
        await self._inner.close()
