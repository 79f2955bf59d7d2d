"""What a destination file says: destinations, routes, inhibitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sla_engine.deliver.plan.matching import Matcher
from sla_engine.limits import (
    DELIVER_CONCURRENCY,
    DELIVER_GIVE_UP_MS,
    DELIVER_TIMEOUT_MS,
    DELIVER_WAITING_MAX,
)


class Kind(StrEnum):
    """How a destination is spoken to."""

    WEBHOOK = "webhook"
    ALERTMANAGER = "alertmanager"
    PAGERDUTY = "pagerduty"
    SLACK = "slack"
    EMAIL = "email"
    TOPIC = "topic"
    STDOUT = "stdout"
    APPRISE = "apprise"
    ZENDESK = "zendesk"
    JIRA = "jira"
    SERVICENOW = "servicenow"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where alerts go. `options` are those of its kind; `rate` is messages per second, 0: any.

    `attributes` of the alert that a label set or a message may show are named by the kind.
    """

    name: str
    kind: Kind
    options: Mapping[str, Any]
    timeout_ms: int = DELIVER_TIMEOUT_MS
    concurrency: int = DELIVER_CONCURRENCY
    rate: int = 0
    give_up_ms: int = DELIVER_GIVE_UP_MS
    waiting_max: int = DELIVER_WAITING_MAX
    superseded: bool = False
    text: str = ""
    json: str = ""


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by` are names of members; the first message of a group waits, later ones keep apart."""

    by: tuple[str, ...]
    wait_ms: int
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Route:
    """Alerts of which every matcher holds go to these destinations."""

    where: str
    matchers: tuple[Matcher, ...]
    to: tuple[str, ...]
    goes_on: bool
    grouping: Grouping | None


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert that matches `source` is valid, ones that match `target` are not sent.

    Only where both have the same values of `equal`.
    """

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


NOBODY: Final = "none"
"""What `default` says where alerts that no route takes are not sent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole destination file; `default` takes what no route does."""

    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]
    default: tuple[str, ...] = ()
    inhibitions: tuple[Inhibition, ...] = field(default=())
