"""Write-back to a ticketing system: looks whether the note is there, then changes the ticket."""

from __future__ import annotations

import aiohttp
import orjson
from jinja2 import Template

from sla_engine.deliver.guard import AddressRefused
from sla_engine.deliver.http import HttpClient
from sla_engine.deliver.plan import desks
from sla_engine.deliver.plan.desks import Desk
from sla_engine.deliver.plan.message import SENT, Message, Outcome, Request, Verdict, outcome_of
from sla_engine.deliver.plan.templates import BadTemplate, rendered
from sla_engine.limits import DELIVER_NOTES_BYTES_MAX


class NotTaken(Exception):
    """A request was not taken; `outcome` says what that means for the message."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


class DeskTransport:
    """Alerts as changes of their tickets, each note once."""

    def __init__(
        self, client: HttpClient, desk: Desk, text: Template | None, *, note: bool
    ) -> None:
        self._client = client
        self._desk = desk
        self._text = text
        self._note = note

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Change the ticket; an attempt that was cut off is gone on with, not repeated."""
        event = message.alerts[0]
        try:
            said = "" if self._text is None else rendered(self._text, message)
            ticket = await self._ticket(message, now_ms)
            note = None
            if self._note and not await self._is_noted(ticket, message, now_ms):
                note = desks.note_of(message, said)
            for request in self._desk.changes(ticket, desks.wanted(event), note):
                outcome = await self._client.send(request, now_ms)
                if outcome is not SENT:
                    return outcome
        except BadTemplate as error:
            return Outcome(Verdict.DEAD, f"its template {error}")
        except NotTaken as error:
            return error.outcome
        except (aiohttp.ClientError, OSError) as error:
            refused = isinstance(error, AddressRefused)
            why = f"{type(error).__name__}: {error}"[:300]
            return Outcome(Verdict.DEAD if refused else Verdict.AGAIN, why)
        return SENT

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ticket(self, message: Message, now_ms: int) -> str:
        event = message.alerts[0]
        request = self._desk.find(event)
        if request is None:
            return desks.ticket_of(event)
        try:
            (found,) = orjson.loads(await self._asked(request, now_ms))["result"]
            return desks.escaped(found["sys_id"])
        except (ValueError, KeyError, TypeError):
            why = f"there is no ticket {event['subject']}"
            raise NotTaken(Outcome(Verdict.DEAD, why)) from None

    async def _is_noted(self, ticket: str, message: Message, now_ms: int) -> bool:
        answer = await self._asked(self._desk.notes(ticket), now_ms)
        return desks.mark_of(message).encode() in answer

    async def _asked(self, request: Request, now_ms: int) -> bytes:
        status, after_ms, body = await self._client.ask(request, now_ms, DELIVER_NOTES_BYTES_MAX)
        outcome = outcome_of(status, after_ms)
        if outcome is not SENT:
            raise NotTaken(outcome)
        return body
