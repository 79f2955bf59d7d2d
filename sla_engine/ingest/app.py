"""The gateway's addresses and what each answers; the documents are in `problem`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sla_engine import __version__
from sla_engine.ingest.door import Door, Outcome, Visit
from sla_engine.ingest.modes import BATCH_TYPE, STRUCTURED_TYPE
from sla_engine.ingest.problem import PROBLEM_TYPE, Refusal

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger(__name__)

_PROBLEM: Final[dict[str, Any]] = {
    "content": {
        PROBLEM_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                    "field": {"type": "string"},
                    "index": {"type": "integer"},
                },
            }
        }
    }
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    202: {"description": "The log has every event, durably."},
    400: {"description": "An event is wrong; nothing was taken.", **_PROBLEM},
    401: {"description": "The sender is not proven.", **_PROBLEM},
    403: {"description": "The sender may not send for that tenant.", **_PROBLEM},
    408: {"description": "The body came too slowly.", **_PROBLEM},
    413: {"description": "Too many bytes or events.", **_PROBLEM},
    415: {"description": "The content type is none that is read.", **_PROBLEM},
    429: {"description": "More events per second than allowed; see Retry-After.", **_PROBLEM},
    500: {"description": "A fault of the gateway.", **_PROBLEM},
    503: {"description": "Busy, or the log does not answer; see Retry-After.", **_PROBLEM},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED_TYPE: {"schema": {"type": "object"}},
            BATCH_TYPE: {"schema": {"type": "array", "items": {"type": "object"}}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


def build_app(door: Door | None, render_metrics: Callable[[], bytes] | None) -> FastAPI:
    """The application; no `/metrics` without `render_metrics`, and no answers without `door`."""
    app = FastAPI(
        title="SLA engine gateway",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )

    @app.post(
        "/v1/events",
        status_code=202,
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra=_BODY,
        summary="CloudEvents: structured, binary or batched",
    )
    async def events(request: Request) -> Response:
        assert door is not None
        return await _answered(door, request, door.events)

    @app.post(
        "/v1/hooks/{name}",
        status_code=202,
        response_class=Response,
        responses={**_ANSWERS, 200: {"description": "Taken before; nothing was done now."}},
        summary="A vendor's webhook, as gateway.hooks names it",
    )
    async def hook(request: Request, name: str) -> Response:
        assert door is not None
        hook = door.hook
        return await _answered(door, request, lambda visit: hook(visit, name))

    @app.get("/healthz", response_class=Response, summary="200 while the process works")
    async def healthz() -> Response:
        return Response(b"ok\n", media_type="text/plain")

    if render_metrics is not None:

        @app.get("/metrics", include_in_schema=False)
        async def metrics() -> Response:
            return Response(render_metrics(), headers={"Content-Type": METRICS_TYPE})

    app.add_exception_handler(HTTPException, _no_such_address)
    return app


async def _answered(
    door: Door, request: Request, act: Callable[[Visit], Awaitable[Outcome]]
) -> Response:
    """The answer to a request, counted."""
    begun_ms = door.clock.now_ms()
    visit = Visit(request, request.headers.items())
    try:
        response = _taken(await act(visit))
    except Refusal as refusal:
        response = problem(refusal)
    except ClientDisconnect:
        response = problem(
            Refusal(HTTPStatus.BAD_REQUEST, "CUT_OFF", "the body ended early; send it whole")
        )
    except Exception:  # a fault of ours must be one answer and one log line, not a dead gateway
        log.exception("a request failed")
        response = problem(
            Refusal(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "INTERNAL",
                "a fault of the gateway; its log says what",
                close=True,
            )
        )
    door.meter.count("sla_gateway_requests", 1, visit.source, str(response.status_code))
    door.meter.observe("sla_gateway_seconds", (door.clock.now_ms() - begun_ms) / 1000)
    return response


def _taken(outcome: Outcome) -> Response:
    """202, or 200 for what had been taken before: a vendor that sends it again must not go on."""
    said: dict[str, Any] = {"accepted": outcome.accepted}
    if outcome.ignored:
        said["ignored"] = outcome.ignored
    if outcome.dead:
        said["dead"] = outcome.dead
    if outcome.replayed:
        said["replayed"] = True
    status = HTTPStatus.OK if outcome.replayed else HTTPStatus.ACCEPTED
    return Response(orjson.dumps(said), status, media_type="application/json")


def problem(refusal: Refusal) -> Response:
    """A refusal as a response."""
    return Response(
        refusal.document(), refusal.status, headers=refusal.headers(), media_type=PROBLEM_TYPE
    )


async def _no_such_address(request: Request, error: Exception) -> Response:
    """404 and 405 as problem documents too."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    response = problem(
        Refusal(
            status,
            status.phrase.upper().replace(" ", "_"),
            "the gateway takes POST /v1/events and POST /v1/hooks/NAME",
        )
    )
    response.headers.update(error.headers or {})
    return response
