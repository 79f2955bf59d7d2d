"""Addresses that are read: incidents, queue, customers, alerts, rules, dead letters, audit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from sla_engine.api import schemas
from sla_engine.api.cursor import cursor_of, parts_of
from sla_engine.api.letters import letters
from sla_engine.api.queue import queue
from sla_engine.api.reads import Wanted
from sla_engine.api.refusals import bad_value
from sla_engine.api.rules import calendars, policies, tag_of
from sla_engine.api.schemas import answer, problems
from sla_engine.api.service import (
    PAGE,
    Admin,
    Any_,
    Current,
    Cursor,
    Filter,
    Limit,
    Reader,
    Tenant,
)
from sla_engine.limits import ID_BYTES_MAX
from sla_engine.policy.instants import InstantError, parse_instant

router = APIRouter(default_response_class=Response)

_REFUSED = problems(
    _400="A parameter cannot be.",
    _401="The token is none that is in force.",
    _403="The token is not for this.",
    _500="A fault of the API.",
    _503="It cannot be told just now; see Retry-After.",
)
_UNKNOWN = {**_REFUSED, **problems(_404="It is not known.")}
_SAME: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing happened since the ETag that was sent."}
}
IncidentId = Annotated[str, Path(min_length=1, max_length=ID_BYTES_MAX, examples=["4711"])]
CustomerId = Annotated[str, Path(min_length=1, max_length=ID_BYTES_MAX, examples=["ACME"])]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=4096)]


def _json(told: Any, headers: dict[str, str] | None = None) -> Response:
    own = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(told), headers=own, media_type="application/json")


@router.get(
    "/v1/incidents",
    summary="Incidents by tenant and id, each with its clocks as of now",
    responses={**_REFUSED, 200: answer("A page.", "Page", schemas.PAGE_EXAMPLE)},
)
def incidents(
    caller: Reader,
    api: Current,
    state: Literal["open", "finished", "all"] = "open",
    status: Filter = None,
    team: Filter = None,
    customer: Filter = None,
    priority: Filter = None,
    set: Filter = None,
    tenant: Tenant = None,
    limit: Limit = PAGE,
    cursor: Cursor = None,
) -> Response:
    """`status` is the source's own word or its class; `set` takes incidents with a clock of it."""
    asked = _asked(team=team, customer=customer, priority=priority)
    wanted = Wanted(caller.among(tenant), state, status, set, asked)
    return _json(api.reads.incidents(wanted, api.clock.now_ms(), limit, cursor))


@router.get(
    "/v1/queue",
    summary="What to do next: open incidents by score, then by the nearest due",
    responses={**_REFUSED, 200: answer("A page.", "Page", schemas.PAGE_EXAMPLE)},
)
def work_queue(
    caller: Reader,
    api: Current,
    team: Filter = None,
    customer: Filter = None,
    tenant: Tenant = None,
    limit: Limit = PAGE,
    cursor: Cursor = None,
) -> Response:
    """Pages that follow one another are all as of the instant of the first."""
    wanted = Wanted(caller.among(tenant), attributes=_asked(team=team, customer=customer))
    return _json(queue(api.reads, wanted, api.clock.now_ms(), limit, cursor))


def _asked(**given: str | None) -> dict[str, str]:
    return {name: value for name, value in given.items() if value is not None}


@router.get(
    "/v1/incidents/{incident:path}",
    summary="One incident explained, as `sla-engine explain` does",
    responses={
        **_UNKNOWN,
        **_SAME,
        200: answer("Its events, clocks with their intervals, and alerts.", "Explained"),
    },
)
def incident(
    caller: Reader,
    api: Current,
    incident: IncidentId,
    at: Annotated[str | None, Query(max_length=64, description="As of then; else now.")] = None,
    tenant: Tenant = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Intervals add up to the elapsed time exactly. The weak ETag stays while nothing happens."""
    at_ms = api.clock.now_ms() if at is None else _instant(at)
    own = caller.tenant(tenant)
    tag, told = api.reads.explained(own, incident, at_ms, if_none_match)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return Response(status_code=304, headers=headers) if told is None else _json(told, headers)


def _instant(text: str) -> int:
    try:
        # A `+` that was not encoded arrives as a blank.
        return parse_instant(text.replace(" ", "+"))
    except InstantError as error:
        raise bad_value("at", str(error)) from None


@router.get(
    "/v1/customers/{customer:path}",
    summary="Everything of a customer, over all channels and products",
    responses={**_UNKNOWN, 200: answer("Incidents, clocks, satisfaction.", "Customer")},
)
def customer(
    caller: Reader,
    api: Current,
    customer: CustomerId,
    tenant: Tenant = None,
    limit: Limit = PAGE,
) -> Response:
    """Open incidents by score, the latest finished ones, and what the customer thought of them."""
    own = caller.tenant(tenant)
    return _json(api.reads.customer(own, customer, api.clock.now_ms(), limit))


@router.get(
    "/v1/alerts/stream",
    summary="Alerts as they come, as server-sent events",
    responses={
        **_REFUSED,
        200: {
            "description": "CloudEvents as on the topic `alerts`; `event` is their type.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def alert_stream(
    caller: Reader,
    api: Any_,
    tenant: Tenant = None,
    seconds: Annotated[
        int | None, Query(ge=0, le=86_400, description="End after so long; 0: with what there is.")
    ] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20_000)] = None,
) -> Response:
    """From now on; with `Last-Event-ID` from behind that event on, without a gap."""
    stream = api.streams.open(caller.among(tenant), last_event_id, seconds)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


@router.get(
    "/v1/policies",
    summary="The policies that are, were or will be in force",
    responses={**_REFUSED, **_SAME, 200: answer("Each edition.", "Policies")},
)
def policies_in_force(caller: Reader, api: Current, if_none_match: IfNoneMatch = None) -> Response:
    """Their files, and what they promise in plain words. For tokens of all tenants."""
    caller.of_all_tenants()
    told = policies(api.reads.model, api.clock.now_ms())
    headers = {"ETag": tag_of(told), "Cache-Control": "no-cache"}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    return _json(told, headers)


@router.get(
    "/v1/calendars",
    summary="The calendars in force",
    responses={**_REFUSED, 200: answer("As they are written.", "Calendars")},
)
def calendars_in_force(caller: Reader, api: Current) -> Response:
    """Opening hours, holidays and single dates. For tokens of all tenants."""
    caller.of_all_tenants()
    return _json(calendars(api.reads.model, api.clock.now_ms()))


@router.get(
    "/v1/dead",
    summary="Dead letters: what was refused, why, and its bytes",
    responses={**_REFUSED, 200: answer("A page.", "Letters")},
)
def dead(
    caller: Admin,
    api: Any_,
    code: Filter = None,
    limit: Limit = PAGE,
    cursor: Cursor = None,
) -> Response:
    """In the order in which they lie. `sla-engine dead replay` gives them back to the log."""
    return _json(letters(api.reader, api.partitions, code, limit, cursor))


@router.get(
    "/v1/audit",
    summary="Who gave commands, and made or revoked tokens; the newest first",
    responses={**_REFUSED, 200: answer("A page.", "AuditTrail")},
)
def trail(caller: Admin, api: Any_, limit: Limit = PAGE, cursor: Cursor = None) -> Response:
    """The trail is of a bounded length; events on the log say who and why for ever."""
    (before,) = parts_of(cursor, "audit", (str,)) if cursor else ("",)
    if before and not before.replace("-", "", 1).isdecimal():
        raise bad_value(
            "cursor", "is none of this list; send `next` of the page before, or nothing"
        )
    found = api.keeper.notes(before, limit)
    entries = [{"id": identity, **orjson.loads(entry)} for identity, entry in found]
    more = cursor_of("audit", found[-1][0]) if len(found) == limit else None
    return _json({"entries": entries, "next": more})


@router.get(
    "/healthz",
    summary="200 while the process works",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "It works."}
    },
)
def healthz() -> Response:
    """Whether it should be restarted."""
    return Response(b"ok\n", media_type="text/plain")


@router.get(
    "/readyz",
    summary="200 while it knows what is so now",
    responses={
        **problems(_503="Not now; the reason is in `detail`."),
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "It does."},
    },
)
def readyz(request: Request, api: Current) -> Response:
    """Whether requests should come here."""
    return Response(b"ok\n", media_type="text/plain")
