"""What commands may say: bodies of requests, checked before anything else is done with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sla_engine.api.refusals import bad_value
from sla_engine.limits import ID_BYTES_MAX, TEXT_BYTES_MAX
from sla_engine.policy.instants import InstantError, parse_instant

Id = Annotated[str, Field(min_length=1, max_length=ID_BYTES_MAX, examples=["4711"])]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_BYTES_MAX)]
Instant = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-23T12:00:00Z"],
        description="RFC 3339 with an offset.",
    ),
]
B = TypeVar("B", bound=BaseModel)


class Command(BaseModel):
    """What every command says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    incident: Id
    tenant: Annotated[Id, Field(examples=["default"])] | None = None
    actor: Annotated[Text, Field(examples=["kim"])] | None = None
    reason: Annotated[Text, Field(examples=["the customer agreed"])] | None = None

    @model_validator(mode="after")
    def _instants(self) -> Command:
        for name, value in _instants_of(self):
            try:
                parse_instant(value)
            except InstantError as error:
                raise ValueError(f"{name}: {error}") from None
        return self


class Acknowledge(Command):
    """Who takes it: all clocks that have breached, or one of them."""

    alert: Annotated[str, Field(min_length=1, max_length=TEXT_BYTES_MAX)] | None = None
    set: Id | None = None
    clock: Annotated[Id, Field(examples=["resolution"])] | None = None
    until: Instant | None = None


class Unacknowledge(Command):
    """The ladder goes on."""


class Snooze(Command):
    """Warnings and steps after the breach are held until then."""

    until: Instant


class OfClock(Command):
    """What is said of one clock, and why."""

    clock: Annotated[Id, Field(examples=["resolution"])]
    set: Annotated[Id, Field(examples=["default"])] | None = None
    reason: Annotated[Text, Field(examples=["the customer agreed"])]


class Override(OfClock):
    """A due set by hand, or no more: give `due` or `unpin`."""

    due: Instant | None = None
    unpin: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Override:
        if (self.due is None) == (self.unpin is None):
            raise ValueError("due: give `due` or `unpin`, one of them")
        return self


class Exclude(OfClock):
    """Time that is not to count."""

    from_: Annotated[Instant, Field(alias="from")]
    to: Instant


def _instants_of(command: BaseModel) -> list[tuple[str, str]]:
    names = {"until": "until", "due": "due", "from_": "from", "to": "to"}
    found = [(told, getattr(command, name, None)) for name, told in names.items()]
    return [(name, value) for name, value in found if value is not None]


def read_body(kind: type[B], body: bytes) -> B:
    """The body of a command; Refusal 400 naming the member that is wrong."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise _refused(first) from None


def _refused(error: Any) -> Exception:
    where = ".".join(str(part) for part in error["loc"] if part != "json")
    message = str(error["msg"]).removeprefix("Value error, ")
    if not where and ": " in message:
        where, _, message = message.partition(": ")
    return bad_value(where if where.isascii() and where else "body", f"{message}; mend it")
