"""The application: routes, refusals as problem documents, its OpenAPI document."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sla_engine import __version__
from sla_engine.api import acts, routes, schemas
from sla_engine.api.refusals import bad_value, not_ready
from sla_engine.api.service import Api
from sla_engine.errors import ServiceUnavailable
from sla_engine.ingest.app import METRICS_TYPE, problem
from sla_engine.ingest.problem import Refusal

TITLE: Final = "SLA engine API"
_DESCRIPTION: Final = (
    "Incidents, clocks, the work queue, alerts as they come, and commands that become events on "
    "the log. Every request but those about health carries a bearer token. Errors are problem "
    "documents (RFC 9457); times are RFC 3339 in UTC."
)

log = logging.getLogger(__name__)


def build_app(api: Api | None, render_metrics: Callable[[], bytes] | None = None) -> FastAPI:
    """The application; without `render_metrics` there is no `/metrics`, without `api` no answers.

    Cross-origin requests of browsers are not allowed: no header says they are.
    """
    app = FastAPI(
        title=TITLE,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.api = api
    app.include_router(routes.router)
    app.include_router(acts.router)
    if render_metrics is not None:

        @app.get("/metrics", include_in_schema=False)
        def metrics() -> Response:
            return Response(render_metrics(), headers={"Content-Type": METRICS_TYPE})

    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(Counting, api=api)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    return app


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. What is wrong with a request is always told with 400."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes
        )
        for operations in made["paths"].values():
            for operation in operations.values():
                answers = operation["responses"]
                if "HTTPValidationError" in str(answers.get("422", "")):
                    del answers["422"]
        known = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            known.pop(name, None)
        known.update(schemas.NAMED)
        app.openapi_schema = made
    return app.openapi_schema


# --------------------------------------------------------------------------- what goes wrong


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem(error)


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = str(first["loc"][-1]).lower()
    return problem(bad_value(where, f"{first['msg']}; mend it"))


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("a service does not answer", extra={"why": str(error)})
    return problem(not_ready("a service that the API needs does not answer; come again"))


async def _cut_off(request: Request, error: Exception) -> Response:
    return problem(
        Refusal(HTTPStatus.BAD_REQUEST, "CUT_OFF", "the body ended early; send it whole")
    )


async def _no_such_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = status.phrase.upper().replace(" ", "_")
    response = problem(Refusal(status, code, "/openapi.json lists what there is"))
    response.headers.update(error.headers or {})
    return response


async def _fault(request: Request, error: Exception) -> Response:
    log.exception("a request failed", exc_info=error)
    return problem(
        Refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "a fault of the API; its log says what",
        )
    )


_HANDLERS: Final[dict[type[Exception], Any]] = {
    Refusal: _refused,
    RequestValidationError: _bad_parameter,
    ServiceUnavailable: _unavailable,
    ClientDisconnect: _cut_off,
    HTTPException: _no_such_address,
    Exception: _fault,
}


class Counting:
    """Counts answers by route and status."""

    def __init__(self, app: ASGIApp, api: Api | None) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._api is None:
            await self._app(scope, receive, send)
            return
        meter, clock = self._api.meter, self._api.clock
        begun_ms = clock.now_ms()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "-")
                meter.count("sla_api_requests", 1, route, str(message["status"]))
                meter.observe("sla_api_seconds", (clock.now_ms() - begun_ms) / 1000)
            await send(message)

        await self._app(scope, receive, counted)
