"""What the OpenAPI document says of answers: schemas, and an example of each."""

from __future__ import annotations

from typing import Any, Final

from sla_engine.ingest.problem import PROBLEM_TYPE

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXT_OR_NULL: Final[Schema] = {"type": ["string", "null"]}
_WHOLE: Final[Schema] = {"type": "integer"}
_FLAG: Final[Schema] = {"type": "boolean"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
_ATTRIBUTES: Final[Schema] = {"type": "object", "additionalProperties": True}


def record(**members: Schema) -> Schema:
    """An object that has all of these members; others may be added."""
    return {"type": "object", "required": list(members), "properties": members}


def some(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def named(name: str) -> Schema:
    """One of `NAMED`."""
    return {"$ref": f"#/components/schemas/{name}"}


FIRED: Final = record(threshold=_TEXT, time=_TIME, alert=_TEXT)
CLOCK: Final = record(
    **dict.fromkeys(("tenant", "incident", "set", "clock"), _TEXT),
    cycle=_WHOLE,
    **dict.fromkeys(("party", "policy", "policy_version"), _TEXT),
    state={"type": "string", "enum": ["running", "paused", "met", "cancelled"]},
    breached=_FLAG,
    started=_TIME,
    **dict.fromkeys(("due", "breached_at", "stopped"), _TIME_OR_NULL),
    as_of=_TIME,
    **dict.fromkeys(
        ("target_ms", "elapsed_ms", "paused_ms", "resolved_ms", "excluded_ms", "remaining_ms"),
        _WHOLE,
    ),
    wall_ms=_WHOLE,
    reopens=_WHOLE,
    pinned=_FLAG,
    fired=some(FIRED),
)
INCIDENT: Final = record(
    tenant=_TEXT,
    incident=_TEXT,
    score=_WHOLE,
    due=_TIME_OR_NULL,
    attributes=_ATTRIBUTES,
    clocks=some(named("Clock")),
)
PAGE: Final = record(as_of=_TIME, incidents=some(named("Incident")), next=_TEXT_OR_NULL)
EVENT: Final = record(
    **dict.fromkeys(("specversion", "id", "source", "type", "subject", "tenant"), _TEXT),
    time=_TIME,
    data=_ATTRIBUTES,
)
INTERVAL: Final = record(
    counts_as={"type": "string", "enum": ["running", "paused", "resolved", "excluded"]},
    **{"from": _TIME, "to": _TIME},
    open_ms=_WHOLE,
    wall_ms=_WHOLE,
    events=some(_TEXT),
)
EXPLAINED: Final = record(
    tenant=_TEXT,
    incident=_TEXT,
    as_of=_TIME,
    events=some(named("Event")),
    clocks=some(
        {
            "allOf": [
                named("Clock"),
                record(
                    **dict.fromkeys(("calendar", "calendar_version", "time_zone"), _TEXT),
                    intervals=some(named("Interval")),
                ),
            ]
        }
    ),
    alerts=some(named("Event")),
)
_COUNTS: Final = record(open=_WHOLE, finished=_WHOLE)
_SCALE: Final = record(rated=_WHOLE, mean={"type": ["number", "null"]})
CUSTOMER: Final = record(
    tenant=_TEXT,
    customer=_TEXT,
    as_of=_TIME,
    attributes=_ATTRIBUTES,
    counts=_COUNTS,
    by_channel={"type": "object", "additionalProperties": _COUNTS},
    by_product={"type": "object", "additionalProperties": _COUNTS},
    satisfaction=record(csat=_SCALE, nps=_SCALE, ces=_SCALE),
    open=some(named("Incident")),
    finished=some(named("Incident")),
)
POLICIES: Final = record(
    as_of=_TIME,
    version=_TEXT,
    editions=some(
        record(
            version=_TEXT,
            effective_from=_TIME_OR_NULL,
            in_force=_FLAG,
            promises=_TEXT,
            files={"type": "object", "additionalProperties": _TEXT},
        )
    ),
)
_HOURS: Final[Schema] = {"type": "object", "additionalProperties": some(_TEXT)}
CALENDARS: Final = record(
    as_of=_TIME,
    calendars=some(
        record(
            name=_TEXT,
            time_zone=_TEXT_OR_NULL,
            default_time_zone=_TEXT_OR_NULL,
            hours=_HOURS,
            holidays=some(_TEXT),
            dates=_HOURS,
        )
    ),
)
LETTERS: Final = record(
    letters=some(
        record(
            **dict.fromkeys(("place", "code", "message", "time", "topic"), _TEXT),
            partition=_WHOLE,
            offset=_WHOLE,
            key=_TEXT_OR_NULL,
            bytes={"type": ["string", "null"], "contentEncoding": "base64"},
        )
    ),
    next=_TEXT_OR_NULL,
)
AUDIT: Final = record(
    entries=some(record(id=_TEXT, time=_TIME, by=_TEXT, action=_TEXT)), next=_TEXT_OR_NULL
)
TAKEN: Final = record(id=_TEXT, source=_TEXT, incident=_TEXT, tenant=_TEXT, time=_TIME)
PROBLEM: Final = {
    **record(type=_TEXT, title=_TEXT, status=_WHOLE, detail=_TEXT, code=_TEXT),
    "example": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "limit: send a whole number from 1 to 100",
        "code": "BAD_VALUE",
        "field": "limit",
    },
}

_CLOCK_EXAMPLE: Final = {
    **{"tenant": "default", "incident": "4711", "set": "default", "clock": "resolution"},
    **{"cycle": 1, "party": "us", "policy": "everyone", "policy_version": "94e1ee25b6da"},
    **{"state": "running", "breached": False, "started": "2026-11-23T14:00:00.000Z"},
    **{"due": "2026-11-24T10:00:00.000Z", "breached_at": None, "stopped": None},
    **{"as_of": "2026-11-23T14:30:00.000Z", "target_ms": 14_400_000, "elapsed_ms": 1_800_000},
    **{"paused_ms": 0, "resolved_ms": 0, "excluded_ms": 0, "remaining_ms": 12_600_000},
    **{"wall_ms": 1_800_000, "reopens": 0, "pinned": False, "fired": []},
}
INCIDENT_EXAMPLE: Final = {
    **{"tenant": "default", "incident": "4711", "score": 25, "due": "2026-11-24T10:00:00.000Z"},
    "attributes": {"priority": "high", "team": "desk", "status_class": "open"},
    "clocks": [_CLOCK_EXAMPLE],
}
PAGE_EXAMPLE: Final = {
    "as_of": "2026-11-23T14:30:00.000Z",
    "incidents": [INCIDENT_EXAMPLE],
    "next": None,
}
TAKEN_EXAMPLE: Final = {
    **{"id": "desk/7f0c", "source": "api", "incident": "4711", "tenant": "default"},
    "time": "2026-11-23T14:30:00.000Z",
}

NAMED: Final[dict[str, Schema]] = {
    "Clock": CLOCK,
    "Incident": INCIDENT,
    "Event": EVENT,
    "Interval": INTERVAL,
    "Page": PAGE,
    "Explained": EXPLAINED,
    "Customer": CUSTOMER,
    "Policies": POLICIES,
    "Calendars": CALENDARS,
    "Letters": LETTERS,
    "AuditTrail": AUDIT,
    "Taken": TAKEN,
    "Problem": PROBLEM,
}


def answer(what: str, name: str, example: Any = None) -> dict[str, Any]:
    """An answer in JSON."""
    content: dict[str, Any] = {"schema": named(name)}
    if example is not None:
        content["example"] = example
    return {"description": what, "content": {"application/json": content}}


def problems(**said: str) -> dict[int | str, dict[str, Any]]:
    """Refusals by status: `problems(_400="what is wrong")`."""
    told = {"schema": named("Problem")}
    return {
        int(status.removeprefix("_")): {"description": what, "content": {PROBLEM_TYPE: told}}
        for status, what in said.items()
    }
