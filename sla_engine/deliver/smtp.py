"""E-mail: the standard library's client in a thread, on a socket to a checked address."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

from jinja2 import Template

from sla_engine.deliver.guard import AddressRefused, Found, Guard
from sla_engine.deliver.plan.mail import email
from sla_engine.deliver.plan.message import SENT, Message, Outcome, Verdict
from sla_engine.deliver.plan.model import Destination
from sla_engine.deliver.plan.templates import BadTemplate
from sla_engine.limits import SECOND_MS


class _Client(smtplib.SMTP):
    """Connects to the first of some checked addresses; TLS keeps the server's name."""

    def __init__(self, host: str, found: Sequence[Found], timeout_s: float, tls: Any) -> None:
        self._found = found
        self._context: ssl.SSLContext | None = tls
        super().__init__(host, found[0][4][1], timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failed: OSError | None = None
        for family, kind, protocol, _, address in self._found:
            made = socket.socket(family, kind, protocol)
            made.settimeout(timeout)
            try:
                made.connect(address)
            except OSError as error:
                failed = error
                made.close()
                continue
            if self._context is None:
                return made
            return self._context.wrap_socket(made, server_hostname=host)
        raise failed or OSError("the name has no address")


class SmtpTransport:
    """One connection per mail: an alert now and then, and a storm is one mail per group."""

    def __init__(
        self,
        destination: Destination,
        guard: Guard,
        password: str,
        text: Template | None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._destination = destination
        self._guard = guard
        self._password = password
        self._text = text
        self._context = context or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(
            destination.concurrency, thread_name_prefix=f"deliver-{destination.name}"
        )

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Sent when the server has taken it for every recipient."""
        options = self._destination.options
        try:
            mail = email(message, options["from"], options["to"], self._text, now_ms)
        except (BadTemplate, ValueError) as error:
            return Outcome(Verdict.DEAD, f"no mail can be made of it: {error}")
        try:
            found = await self._guard.resolve(
                options["host"], options["port"], tls=options["security"] != "none"
            )
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._deliver, mail, found)
        except AddressRefused as error:
            return Outcome(Verdict.DEAD, str(error))
        except OSError as error:
            return Outcome(Verdict.AGAIN, f"{type(error).__name__}: {error}"[:300])

    def _deliver(self, mail: EmailMessage, found: Sequence[Found]) -> Outcome:
        options = self._destination.options
        timeout_s = self._destination.timeout_ms / SECOND_MS
        tls = self._context if options["security"] == "tls" else None
        try:
            with _Client(options["host"], found, timeout_s, tls) as client:
                if options["security"] == "starttls":
                    client.starttls(context=self._context)
                if options["user"]:
                    client.login(options["user"], self._password)
                refused = client.send_message(mail)
        except smtplib.SMTPResponseException as error:
            return _verdict(error.smtp_code, error.smtp_error)
        except smtplib.SMTPRecipientsRefused as error:
            return _verdict(*next(iter(error.recipients.values())))
        except smtplib.SMTPNotSupportedError as error:
            return Outcome(Verdict.AGAIN, f"SMTP: {error}")
        if refused:
            # Some have it: sending it again to all would tell those twice.
            return Outcome(Verdict.DEAD, f"SMTP: refused for {', '.join(refused)}")
        return SENT

    async def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._guard.close()


def _verdict(code: int, text: bytes | str) -> Outcome:
    """5xx is for good (RFC 5321 section 4.2.1), except where people mend it: authentication."""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for_good = 500 <= code < 600 and code not in (530, 534, 535)
    return Outcome(Verdict.DEAD if for_good else Verdict.AGAIN, f"SMTP {code} {shown}"[:300])
