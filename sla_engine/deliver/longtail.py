"""Apprise: the long tail of services, each by an address of Apprise's own.

Apprise makes its own connections: they are not guarded as ours are, and it does not say why a
service did not take a message. Its addresses are secrets, written by whoever runs delivery.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jinja2 import Template

from sla_engine.deliver.plan import words
from sla_engine.deliver.plan.message import SENT, Message, Outcome, Verdict
from sla_engine.deliver.plan.model import Destination
from sla_engine.deliver.plan.templates import BadTemplate, rendered
from sla_engine.errors import ConfigError


class AppriseTransport:
    """Sends title and text to every address; taken when all of them took it."""

    def __init__(
        self, destination: Destination, addresses: Sequence[str], text: Template | None
    ) -> None:
        """ConfigError: Apprise is not installed, or an address is none of its."""
        try:
            import apprise
        except ImportError:
            raise ConfigError(
                f"destination `{destination.name}`: Apprise is not installed; "
                "install sla-engine with its extra: `sla-engine[apprise]`"
            ) from None
        self._service: Any = apprise.Apprise()
        for address in addresses:
            # Its own log would say the address.
            if not self._service.add(address):
                raise ConfigError(
                    f"destination `{destination.name}`: its secret is no address of Apprise"
                )
        self._text = text
        self._threads = ThreadPoolExecutor(
            destination.concurrency, thread_name_prefix=f"deliver-{destination.name}"
        )

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Try once; whatever the reason for a refusal, it may pass."""
        try:
            body = words.body(message) if self._text is None else rendered(self._text, message)
        except BadTemplate as error:
            return Outcome(Verdict.DEAD, f"its template {error}")
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(self._threads, self._notify, message, body)
        return SENT if taken else Outcome(Verdict.AGAIN, "Apprise: the service did not take it")

    def _notify(self, message: Message, body: str) -> bool:
        return bool(self._service.notify(title=words.subject(message), body=body))

    async def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
