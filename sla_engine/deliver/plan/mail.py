"""Messages as e-mail: text, and the complete list of a group attached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

import orjson
from jinja2 import Template

from sla_engine.deliver.plan import words
from sla_engine.deliver.plan.message import Message
from sla_engine.deliver.plan.templates import rendered

_SUBJECT_CHARS: Final = 200


def email(
    message: Message, sender: str, to: Sequence[str], text: Template | None, now_ms: int
) -> EmailMessage:
    """The mail of a message; its Message-ID follows from the id, on every attempt the same."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = _one_line(words.subject(message))[:_SUBJECT_CHARS]
    mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, UTC))
    mail["Message-ID"] = f"<{sha256(message.id.encode()).hexdigest()[:40]}@sla-engine.invalid>"
    # Nobody's holiday notice comes back to it (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-SLA-Alert-ID"] = _one_line(message.id)
    body = words.body(message) if text is None else rendered(text, message)
    mail.set_content(body.rstrip() + "\n")
    if message.grouped:
        lines = b"".join(orjson.dumps(dict(event)) + b"\n" for event in message.alerts)
        mail.add_attachment(lines, maintype="application", subtype="jsonl", filename="alerts.jsonl")
    return mail


def _one_line(text: str) -> str:
    """Without line ends and control characters: a title must not write headers."""
    return "".join(c if c.isprintable() else " " for c in text)
