"""A steady load, for measurements: incidents opened, then a mix of changes over them.

Three timers each; 40 % status flips that pause and re-arm, 30 % replies, 20 % notes and
priority changes, 10 % resolved. About 250 bytes of JSON per event. Seeded, so that every run
and every contender gets the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

POLICIES = """
recipients: {lead: {}}
policies:
  - name: job
    clocks:
      first_response: {target: {urgent: 4h, high: 8h, default: 24h}}
      next_response: {target: 24h}
      resolution:
        target: {urgent: 40h, high: 80h, default: 200h}
        pause: status_class == "waiting_customer"
    escalations:
      - {at: 80%, notify: team}
      - {every: 30m, after: breach, times: 3, page: lead, until: acknowledged}
"""

PRIORITIES = ("urgent", "high", "normal", "low")
TEAMS = tuple(f"team-{n:02d}" for n in range(40))


def stamp(at: datetime) -> str:
    """The written form of an instant."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def created(count: int, begin: datetime) -> Iterator[tuple[bytes, bytes]]:
    """(key, event) of `count` openings, a millisecond apart."""
    chance = random.Random(1)  # noqa: S311 (the same bytes on every run)
    for n in range(count):
        subject = f"INC{n:08d}"
        yield (
            subject.encode(),
            (
                f'{{"specversion":"1.0","id":"c{n}","source":"bench","type":"incident.created",'
                f'"subject":"{subject}","time":"{stamp(begin + timedelta(milliseconds=n))}",'
                f'"data":{{"title":"A parcel of {n} is late",'
                f'"priority":"{chance.choice(PRIORITIES)}",'
                f'"team":"{chance.choice(TEAMS)}","customer":"C{n % 5000}"}}}}'
            ).encode(),
        )


def mixed(count: int, incidents: int, begin: datetime) -> Iterator[tuple[bytes, bytes]]:
    """(key, event) of `count` changes over `incidents` open ones, a millisecond apart."""
    chance = random.Random(2)  # noqa: S311 (the same bytes on every run)
    for n in range(count):
        subject = f"INC{chance.randrange(incidents):08d}"
        kind, data = change(chance)
        yield (
            subject.encode(),
            (
                f'{{"specversion":"1.0","id":"m{n}","source":"bench","type":"incident.{kind}",'
                f'"subject":"{subject}","time":"{stamp(begin + timedelta(milliseconds=n))}",'
                f'"data":{{{data},"actor":"agent-{n % 300}","actor_role":"agent"}}}}'
            ).encode(),
        )


def change(chance: random.Random) -> tuple[str, str]:
    """The kind and the data (members as JSON) of one change."""
    roll = chance.random()
    if roll < 0.4:
        status = chance.choice(("waiting_customer", "open"))
        return "updated", f'"status":"{status}"'
    if roll < 0.7:
        author = chance.choice(("agent", "customer"))
        return "commented", f'"author":"{author}","author_id":"{author}-7","public":true'
    if roll < 0.8:
        return "commented", '"author":"agent","author_id":"agent-9","public":false'
    if roll < 0.9:
        return "updated", f'"priority":"{chance.choice(PRIORITIES)}"'
    return "resolved", '"status":"resolved"'
