"""Addresses that act: each takes a command and answers 202 when the log has its event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request, Response

from sla_engine.api import schemas
from sla_engine.api.bodies import Command, read_body
from sla_engine.api.commands import COMMANDS, key_of
from sla_engine.api.refusals import unknown
from sla_engine.api.schemas import answer, problems
from sla_engine.api.service import Actor, Api, Current
from sla_engine.api.tokens import Caller
from sla_engine.ingest.problem import Refusal
from sla_engine.limits import API_BODY_BYTES_MAX

router = APIRouter(default_response_class=Response)

_SUMMARIES = {
    "acknowledge": "Somebody has it: stops steps that wait for that",
    "unacknowledge": "Nobody has it any more: the ladder goes on",
    "snooze": "Hold warnings and later steps until then; a breach is sent all the same",
    "override": "Set a clock's due by hand, or no more",
    "exclude": "Time that is not to count on a clock",
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "acknowledge": {"incident": "4711", "actor": "kim"},
    "unacknowledge": {"incident": "4711", "actor": "kim"},
    "snooze": {"incident": "4711", "actor": "kim", "until": "2030-01-01T12:00:00Z"},
    "override": {
        **{"incident": "4711", "clock": "resolution", "actor": "kim"},
        **{"due": "2030-01-01T12:00:00Z", "reason": "agreed by telephone"},
    },
    "exclude": {
        **{"incident": "4711", "clock": "resolution", "actor": "kim", "reason": "our outage"},
        **{"from": "2026-11-23T10:00:00Z", "to": "2026-11-23T11:00:00Z"},
    },
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: answer("The log has it, durably.", "Taken", schemas.TAKEN_EXAMPLE),
    **problems(
        _400="The command is wrong; nothing was done.",
        _401="The token is none that is in force.",
        _403="The token is not for this.",
        _404="The incident is not known.",
        _408="The body came too slowly.",
        _413="The body is too long.",
        _415="The body is no JSON.",
        _422="The Idempotency-Key came with another command before.",
        _500="A fault of the API.",
        _503="It cannot be done just now; see Retry-After.",
    ),
}
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same command under the same key is done once, within a day.",
    ),
]


async def _taken(
    api: Api, caller: Caller, name: str, request: Request, key: str | None
) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "NOT_JSON",
            "content-type: send application/json",
            close=True,
        )
    body = await api.readers.read(request, API_BODY_BYTES_MAX)
    command = read_body(COMMANDS[name], body)
    tenant = caller.tenant(command.tenant)
    event = await asyncio.to_thread(_prepared, api, caller, name, command, tenant, key_of(key))
    await api.commands.put(event)
    told = {
        **{"id": event["id"], "source": event["source"], "incident": event["subject"]},
        **{"tenant": event["tenant"], "time": event["time"]},
    }
    return Response(orjson.dumps(told), 202, media_type="application/json")


def _prepared(
    api: Api, caller: Caller, name: str, command: Command, tenant: str, key: str | None
) -> dict[str, Any]:
    if not api.reads.exists(tenant, command.incident):
        raise unknown(
            f"incident: no incident `{command.incident}` of tenant `{tenant}` is known; what is "
            "new takes a moment"
        )
    return api.commands.prepare(caller, name, command, tenant, key, api.clock.now_ms())


Endpoint = Callable[[Request, Caller, Api, str | None], Awaitable[Response]]


def _endpoint(name: str) -> Endpoint:
    async def act(request: Request, caller: Actor, api: Current, key: Key = None) -> Response:
        return await _taken(api, caller, name, request, key)

    return act


for _name, _kind in COMMANDS.items():
    router.add_api_route(
        f"/v1/commands/{_name}",
        _endpoint(_name),
        methods=["POST"],
        status_code=202,
        summary=_SUMMARIES[_name],
        operation_id=_name,
        responses=_ANSWERS,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": _kind.model_json_schema(),
                        "example": _EXAMPLES[_name],
                    }
                },
            }
        },
    )
