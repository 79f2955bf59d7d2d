"""Templates for text and JSON: Jinja in a sandbox, tried when the file is loaded, bounded.

A template sees `alert` (the first alert's data), `alerts` (of each the data with `id`, `type` and
`time`), `word`, `count`, `labels` of the group, `link`, and `line` (the alert in words).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sla_engine.deliver.plan import words
from sla_engine.deliver.plan.message import Message
from sla_engine.deliver.plan.routing import word_of
from sla_engine.limits import DELIVER_LISTED_MAX, DELIVER_TEXT_BYTES_MAX

RANGE_MAX: Final = 1_000
OFTEN_ABSENT: Final = ("title", "url", "set", "clock", "due", "level", "score")
"""What a retraction does not carry: null, so that a template need not ask for it."""


class BadTemplate(ValueError):
    """A template does not compile, or gives nothing that can be sent."""


class _Environment(ImmutableSandboxedEnvironment):
    """No operator that makes something large of something small."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise TemplateError(f"`{operator}` is for numbers")
        if operator == "**":
            raise TemplateError("`**` is not to be had in templates")
        return super().call_binop(context, operator, left, right)


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > RANGE_MAX:
        raise TemplateError(f"range() is longer than {RANGE_MAX}")
    return found


# Nothing is escaped: what is made is text or JSON, never HTML (`tojson` writes JSON).
_ENV: Final = _Environment(undefined=StrictUndefined, autoescape=False)
_ENV.globals = {"range": _range}


def compiled(source: str) -> Template:
    """The template of a text; BadTemplate says what is wrong, and in which of its lines."""
    try:
        return _ENV.from_string(source)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise BadTemplate(f"{error.message}" + (f" (its line {line})" if line else "")) from None


def rendered(template: Template, message: Message) -> str:
    """What a message gives; BadTemplate for what it lacks, or more than a bound."""
    parts, size = [], 0
    try:
        for part in template.generate(_scope(message)):
            size += len(part.encode("utf-8", "replace"))
            if size > DELIVER_TEXT_BYTES_MAX:
                raise BadTemplate(f"gives more than {DELIVER_TEXT_BYTES_MAX} bytes")
            parts.append(part)
    except TemplateError as error:
        raise BadTemplate(str(error.message)) from None
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        raise BadTemplate(f"{type(error).__name__}: {error}") from None
    return "".join(parts)


def rendered_json(template: Template, message: Message) -> bytes:
    """The same as JSON, checked and written without blanks."""
    text = rendered(template, message)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadTemplate(f"gives no JSON: {error}; write values as {{{{ x | tojson }}}}") from None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _scope(message: Message) -> dict[str, Any]:
    shown = message.alerts[:DELIVER_LISTED_MAX]
    alerts = [_seen(event) for event in shown]
    return {
        "alert": alerts[0],
        "alerts": alerts,
        "word": alerts[0]["word"],
        "count": len(message.alerts),
        "labels": dict(message.labels),
        "link": message.list_at,
        "line": words.subject(message),
    }


def _seen(event: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = dict.fromkeys(OFTEN_ABSENT)
    data |= event["data"]
    data.setdefault("attributes", {})
    return data | {
        "id": event["id"],
        "type": event["type"],
        "time": event["time"],
        "word": word_of(event),
        "line": words.line(event),
    }


def sample(kind: str) -> Message:
    """A message of made-up alerts, on which templates are tried."""
    data: dict[str, Any] = {
        "tenant": "default", "incident": "4711", "title": "Parcel 17 is late", "url": None,
        "set": "default", "clock": "resolution", "cycle": 1, "policy": "everyone",
        "policy_version": "0123456789ab", "calendar": "24x7", "calendar_version": "0123456789ab",
        "threshold": "breach", "due": "2026-11-23T12:00:00.000Z",
        "fired_at": "2026-11-23T12:00:00.001Z", "late_by_ms": 0, "late": None,
        "elapsed_ms": 14_400_001, "target_ms": 14_400_000, "score": 100, "superseded": False,
        "actions": [{"do": "notify", "to": ["lead"], "args": {"via": []}}], "attributes": {},
    }  # fmt: skip
    identity = "default/4711/default/resolution/1/breach"
    if kind == "sla.alert.retracted":
        data = {"tenant": "default", "incident": "4711", "alert": identity, "revision": 1}
        identity += "~1"
    event = {
        "specversion": "1.0", "id": identity, "source": "sla-engine", "type": kind,
        "subject": "4711", "time": "2026-11-23T12:00:00.001Z", "tenant": "default", "data": data,
    }  # fmt: skip
    return Message(identity, (event,))


SAMPLES: Final = ("sla.clock.breached", "sla.alert.retracted")
