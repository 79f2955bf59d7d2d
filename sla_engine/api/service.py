"""What the routes work with, and who may call them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sla_engine.api.commands import Commands
from sla_engine.api.keeper import Keeper
from sla_engine.api.reads import Reads
from sla_engine.api.refusals import not_proven, not_ready
from sla_engine.api.stream import Streams
from sla_engine.api.tokens import Caller, caller_of
from sla_engine.engine.ports import Clock, LogReader
from sla_engine.ingest.body import Readers
from sla_engine.ingest.door import Meter
from sla_engine.limits import API_CURSOR_CHARS_MAX, API_PAGE, API_PAGE_MAX, ID_BYTES_MAX


@dataclass
class Api:
    """`not_ready` says why the model is old or incomplete; None while it is neither."""

    reads: Reads
    commands: Commands
    keeper: Keeper
    streams: Streams
    reader: LogReader
    clock: Clock
    meter: Meter
    not_ready: Callable[[], str | None]
    readers: Readers = field(default_factory=Readers)

    @property
    def partitions(self) -> int:
        """Of every topic."""
        return self.streams.ends.partitions


_BEARER: Final = HTTPBearer(auto_error=False, description="As `sla-engine token new` prints it.")
_Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def api_of(request: Request) -> Api:
    """What the application was built with."""
    api: Api = request.app.state.api
    return api


def _who(request: Request, shown: _Shown) -> Caller:
    given = request.headers.getlist("authorization")
    if len(given) != 1:
        raise not_proven()
    return caller_of(api_of(request).keeper, given[0])


def _reader(caller: Annotated[Caller, Depends(_who)]) -> Caller:
    return caller.may("read")


def _actor(caller: Annotated[Caller, Depends(_who)]) -> Caller:
    return caller.may("act")


def _admin(caller: Annotated[Caller, Depends(_who)]) -> Caller:
    return caller.may("admin").of_all_tenants()


def _current(request: Request) -> Api:
    """The API, while it can tell what is so now; Refusal 503 otherwise."""
    api = api_of(request)
    why = api.not_ready()
    if why is not None:
        raise not_ready(f"what the workers know cannot be told just now: {why}")
    return api


Reader = Annotated[Caller, Depends(_reader)]
Actor = Annotated[Caller, Depends(_actor)]
Admin = Annotated[Caller, Depends(_admin)]
#: The one whose model is whole and new, asked for after the caller is proven.
Current = Annotated[Api, Depends(_current)]
Any_ = Annotated[Api, Depends(api_of)]

Tenant = Annotated[
    str | None,
    Query(min_length=1, max_length=ID_BYTES_MAX, description="One tenant; without it the token's."),
]
Limit = Annotated[int, Query(ge=1, le=API_PAGE_MAX, description="Entries of a page.")]
Cursor = Annotated[
    str | None,
    Query(min_length=1, max_length=API_CURSOR_CHARS_MAX, description="`next` of the page before."),
]
Filter = Annotated[str | None, Query(max_length=ID_BYTES_MAX)]
PAGE: Final = API_PAGE
