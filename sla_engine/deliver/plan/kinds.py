"""Which options each kind of destination has: names, how they are read, which are needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sla_engine.deliver.plan.model import Kind
from sla_engine.limits import DELIVER_RESEND_MS


class Form(Enum):
    """What an option's value is. SECRET: the name of an entry of `deliver.secrets`."""

    TEXT = auto()
    TEXTS = auto()
    URL = auto()
    SECRET = auto()
    PORT = auto()
    DURATION = auto()
    FLAG = auto()
    ONE_OF = auto()


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `words` are those of ONE_OF."""

    form: Form
    needed: bool = False
    default: Any = None
    words: tuple[str, ...] = ()


_URL: Final = Option(Form.URL, needed=True)
#: The address itself, or the name of the secret that is one.
_ADDRESS: Final = {"url": Option(Form.URL), "url_secret": Option(Form.SECRET)}
_DESK: Final = {
    "url": _URL,
    "user": Option(Form.TEXT, needed=True),
    "secret": Option(Form.SECRET, needed=True),
    "note": Option(Form.FLAG, default=True),
}

OPTIONS: Final[dict[Kind, dict[str, Option]]] = {
    Kind.WEBHOOK: {**_ADDRESS, "secret": Option(Form.SECRET)},
    Kind.ALERTMANAGER: {
        "url": _URL,
        "secret": Option(Form.SECRET),
        "attributes": Option(Form.TEXTS, default=()),
        "resend": Option(Form.DURATION, default=DELIVER_RESEND_MS),
    },
    Kind.PAGERDUTY: {
        "url": Option(Form.URL, default="https://events.pagerduty.com/v2/enqueue"),
        "secret": Option(Form.SECRET, needed=True),
    },
    Kind.SLACK: _ADDRESS,
    Kind.EMAIL: {
        "host": Option(Form.TEXT, needed=True),
        "port": Option(Form.PORT, default=587),
        "security": Option(Form.ONE_OF, default="starttls", words=("starttls", "tls", "none")),
        "from": Option(Form.TEXT, needed=True),
        "to": Option(Form.TEXTS, needed=True),
        "user": Option(Form.TEXT),
        "secret": Option(Form.SECRET),
    },
    Kind.TOPIC: {"topic": Option(Form.TEXT, needed=True)},
    Kind.STDOUT: {},
    Kind.APPRISE: {"url_secret": Option(Form.SECRET, needed=True)},
    Kind.ZENDESK: _DESK,
    Kind.JIRA: _DESK,
    Kind.SERVICENOW: {**_DESK, "table": Option(Form.TEXT, default="incident")},
}
"""Sources of what they mean: docs/delivery.md names each vendor's document."""

COMMON: Final = (
    "kind", "timeout", "concurrency", "rate", "give_up", "waiting", "superseded", "text", "json",
)  # fmt: skip
"""Options that every destination has."""

TEXT_KINDS: Final = frozenset(
    {Kind.SLACK, Kind.EMAIL, Kind.APPRISE, Kind.ZENDESK, Kind.JIRA, Kind.SERVICENOW}
)
JSON_KINDS: Final = frozenset({Kind.WEBHOOK, Kind.SLACK})
GROUPED_KINDS: Final = frozenset(
    {Kind.WEBHOOK, Kind.SLACK, Kind.EMAIL, Kind.STDOUT, Kind.TOPIC, Kind.APPRISE}
)
"""Those that a message of a whole group says something to."""
SLACK_RATE: Final = 1
"""Messages per second of an incoming webhook (docs.slack.dev, "Rate limits")."""
