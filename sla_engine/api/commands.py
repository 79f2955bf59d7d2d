"""Commands become events on the log, with who gave them and why; nothing else changes a clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson

from sla_engine.api.bodies import (
    Acknowledge,
    Command,
    Exclude,
    Override,
    Snooze,
    Unacknowledge,
)
from sla_engine.api.keeper import Keeper
from sla_engine.api.refusals import bad_value
from sla_engine.api.tokens import Caller, audit
from sla_engine.event.times import format_time
from sla_engine.ingest.checking import Checker
from sla_engine.ingest.intake import Intake
from sla_engine.ingest.problem import Refusal
from sla_engine.limits import API_IDEMPOTENCY_MS

SOURCE: Final = "api"
"""The `source` of the events that commands become."""
KEY_CHARS_MAX: Final = 255
COMMANDS: Final[Mapping[str, type[Command]]] = {
    "acknowledge": Acknowledge,
    "unacknowledge": Unacknowledge,
    "snooze": Snooze,
    "override": Override,
    "exclude": Exclude,
}
_TYPES: Final = {
    "acknowledge": "incident.acknowledged",
    "unacknowledge": "incident.unacknowledged",
    "snooze": "incident.snoozed",
    "override": "clock.overridden",
    "exclude": "clock.overridden",
}


def event_of(
    name: str, command: Command, tenant: str, actor: str, identity: str, now_ms: int
) -> dict[str, Any]:
    """The event that a command becomes (contracts section 1)."""
    data = command.model_dump(
        exclude_none=True, exclude={"incident", "tenant", "actor", "from_", "to"}
    )
    if isinstance(command, Exclude):
        data["exclude"] = {"from": command.from_, "to": command.to}
    if isinstance(command, Acknowledge):
        data["by"] = actor
    return {
        "specversion": "1.0",
        "id": identity,
        "source": SOURCE,
        "type": _TYPES[name],
        "subject": command.incident,
        "time": format_time(now_ms),
        "tenant": tenant,
        "data": {**data, "actor": actor},
    }


class Commands:
    """Takes commands and answers when the log has their events.

    `echoes` are the actors whose events count as the engine's own (the setting engine.actors):
    nobody may give a command in their name.
    """

    def __init__(self, intake: Intake, keeper: Keeper, echoes: Sequence[str]) -> None:
        self._intake = intake
        self._keeper = keeper
        self._echoes = frozenset(echoes)
        self._checker = Checker()

    def prepare(
        self, caller: Caller, name: str, command: Command, tenant: str, key: str | None, now_ms: int
    ) -> dict[str, Any]:
        """The event to put on the log, noted in the audit trail. Refusal for what cannot be.

        The same command under the same key is the same event, whenever it comes; another command
        under it is refused with 422 (the IETF's draft of the Idempotency-Key header).
        """
        actor = command.actor or caller.name
        if actor in self._echoes:
            raise bad_value("actor", f"`{actor}` is the engine itself (engine.actors); say who")
        event = event_of(name, command, tenant, actor, self._identity(caller, key), now_ms)
        self._checker.check([orjson.dumps(event)], None, tenant, batch=False)
        if key is not None:
            event = self._first(caller, key, event)
        audit(
            self._keeper,
            format_time(now_ms),
            caller.name,
            name,
            tenant=tenant,
            incident=command.incident,
            actor=actor,
            reason=command.reason,
            event=event["id"],
        )
        return event

    async def put(self, event: Mapping[str, Any]) -> None:
        """Return when the log has it; Refusal 503 when it does not take it."""
        taken = self._checker.check([orjson.dumps(event)], None, None, batch=False)
        await self._intake.put(taken)

    def _identity(self, caller: Caller, key: str | None) -> str:
        """The event's id: of its token and key, or one of its own."""
        return f"{caller.name}/{key if key is not None else uuid.uuid4().hex}"

    def _first(self, caller: Caller, key: str, event: dict[str, Any]) -> dict[str, Any]:
        first: dict[str, Any] = orjson.loads(
            self._keeper.first(f"{caller.name}/{key}", orjson.dumps(event), API_IDEMPOTENCY_MS)
        )
        if {**first, "time": ""} != {**event, "time": ""}:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "KEY_REUSED",
                "idempotency-key: came with another command before; take another key",
            )
        return first


def key_of(given: str | None) -> str | None:
    """The Idempotency-Key of a request; Refusal 400 for one that cannot be."""
    if given is None:
        return None
    key = given.strip().strip('"')
    if not 0 < len(key) <= KEY_CHARS_MAX - 40 or not key.isascii() or not key.isprintable():
        raise bad_value("idempotency-key", f"send 1 to {KEY_CHARS_MAX - 40} ASCII characters")
    return key
