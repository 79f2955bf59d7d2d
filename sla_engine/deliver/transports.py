"""Destinations as what sends to them: the kinds of the file, with their secrets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from jinja2 import Template

from sla_engine.deliver.guard import Guard
from sla_engine.deliver.http import HttpClient
from sla_engine.deliver.plan import forms
from sla_engine.deliver.plan.addresses import WEB_PORTS, Network, fault_of_url
from sla_engine.deliver.plan.message import SENT, Message, Outcome, Request, Verdict
from sla_engine.deliver.plan.model import Destination, Kind
from sla_engine.deliver.plan.signing import key_of
from sla_engine.deliver.plan.templates import BadTemplate, compiled
from sla_engine.engine.ports import OutRecord, Producer
from sla_engine.errors import ConfigError
from sla_engine.limits import DELIVER_RESEND_MS

Secrets = Mapping[str, Sequence[str]]
"""`deliver.secrets` by name; several of one name while it is changed."""

RESENDS_MISSED = 4
"""An alert that is not sent again for so many times ends by itself (as Prometheus does it)."""


@dataclass(frozen=True, slots=True)
class Web:
    """What HTTP destinations share."""

    allowed: Sequence[Network]
    context: Any = True
    lookup: Any = None

    def client(self, destination: Destination, url: str) -> HttpClient:
        """A client of a destination's own."""
        extra = {} if self.lookup is None else {"lookup": self.lookup}
        guard = Guard(self.allowed, WEB_PORTS, **extra)
        return HttpClient(guard, url, destination.concurrency, self.context)


def secrets_of(destination: Destination, key: str, secrets: Secrets) -> list[str]:
    """The texts under the name that an option gives; ConfigError if there is none."""
    name = destination.options.get(key)
    if name is None:
        return []
    if not secrets.get(name):
        raise ConfigError(
            f"destination `{destination.name}`: deliver.secrets has no `{name}`; add "
            f'"{name}=..." there, or to SLA_DELIVER__SECRETS'
        )
    return list(secrets[name])


def url_of(destination: Destination, secrets: Secrets) -> str:
    """The address of a destination, from the file or from the secrets."""
    hidden = secrets_of(destination, "url_secret", secrets)
    if not hidden:
        return str(destination.options["url"])
    fault = fault_of_url(hidden[0])
    if fault is not None:
        raise ConfigError(f"destination `{destination.name}`: the address in its secret {fault}")
    return hidden[0]


def template_of(text: str) -> Template | None:
    """A template that was checked when the file was read."""
    return compiled(text) if text else None


Made = Sequence[Request] | Request | None


class HttpTransport:
    """Sends the requests of a message one after the other; all must be taken."""

    def __init__(self, client: HttpClient, make: Callable[[Message, int], Made]) -> None:
        self.client = client
        self._make = make

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Every request until one is not taken."""
        try:
            made = self._make(message, now_ms)
        except BadTemplate as error:
            return Outcome(Verdict.DEAD, f"its template {error}")
        for request in [made] if isinstance(made, Request) else made or ():
            outcome = await self.client.send(request, now_ms)
            if outcome is not SENT:
                return outcome
        return SENT

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def maker(destination: Destination, secrets: Secrets) -> tuple[str, Callable[[Message, int], Made]]:
    """The address of an HTTP destination, and the requests of a message to it."""
    options, kind = destination.options, destination.kind
    text, body = template_of(destination.text), template_of(destination.json)
    if kind is Kind.WEBHOOK:
        url = url_of(destination, secrets)
        keys = [key_of(one) for one in secrets_of(destination, "secret", secrets)]
        return url, lambda message, now: forms.webhook(message, url, keys, body, now)
    if kind is Kind.SLACK:
        url = url_of(destination, secrets)
        return url, lambda message, _: forms.slack(message, url, text, body)
    url = str(options["url"])
    if kind is Kind.PAGERDUTY:
        (key, *_) = secrets_of(destination, "secret", secrets)
        return url, lambda message, _: forms.pagerduty(message, url, key)
    assert kind is Kind.ALERTMANAGER
    headers = bearer(secrets_of(destination, "secret", secrets))
    names = options["attributes"]
    lasts_ms = lasting_ms(destination)
    return url, lambda message, now: forms.alertmanager(
        message, url, headers, names, now + lasts_ms
    )


def bearer(tokens: Sequence[str]) -> dict[str, str]:
    """The header of a bearer token, if there is one."""
    return {"Authorization": f"Bearer {tokens[0]}"} if tokens else {}


def lasting_ms(destination: Destination) -> int:
    """How long an alert is valid for an Alertmanager that hears no more of it."""
    return RESENDS_MISSED * int(destination.options["resend"] or DELIVER_RESEND_MS)


class LogTransport:
    """A topic of its own: CloudEvents as they came, key = the incident; taken when acknowledged."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Every alert of the message, acknowledged by the log."""
        loop = asyncio.get_running_loop()
        futures = []
        for event in message.alerts:
            future: asyncio.Future[str] = loop.create_future()

            def acked(_: OutRecord, __: int | None, error: str, to: Any = future) -> None:
                loop.call_soon_threadsafe(lambda: to.done() or to.set_result(error))

            key = str(event.get("subject", "")).encode()
            self._producer.produce(OutRecord("alerts", None, key, orjson.dumps(event)), acked)
            futures.append(future)
        errors = [one for one in await asyncio.gather(*futures) if one]
        return Outcome(Verdict.AGAIN, errors[0]) if errors else SENT

    async def close(self) -> None:
        """Close the producer, when it has sent what it had taken."""
        await asyncio.to_thread(self._producer.close)


class StandardOutput:
    """CloudEvents, one per line: for a pipe. A thread of its own waits for whoever reads it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deliver-stdout")

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Written and flushed."""
        lines = b"".join(orjson.dumps(dict(event)) + b"\n" for event in message.alerts)
        await asyncio.get_running_loop().run_in_executor(self._thread, _write, lines)
        return SENT

    async def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()
