"""What one destination still has to be told: taken, settled, grouped, listed and put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from sla_engine.deliver.intake import event_by_id
from sla_engine.deliver.plan.message import Message
from sla_engine.deliver.plan.routing import concerned, group_labels
from sla_engine.limits import DELIVER_DEAD_MAX, DELIVER_KEPT_MS

Database = sqlite3.Connection

_VALID_KEPT_MS: Final = 12 * DELIVER_KEPT_MS
"""An alert that nothing has ended by then is of an incident that was forgotten."""


@dataclass(frozen=True, slots=True)
class Job:
    """One message that is due; `number` is its row's."""

    number: int
    attempts: int
    at_ms: int
    message: Message


def take(
    database: Database, destination: str, now_ms: int, limit: int, busy: Collection[int]
) -> list[Job]:
    """Messages that may be sent now, the longest due first, without those on their way.

    Of a clock only the earliest: what ends an alert never overtakes it.
    """
    rows = database.execute(
        "SELECT number, id, alert, lane, bunch, attempts, at_ms FROM deliveries AS d"
        " WHERE destination = ? AND state = 0 AND due_ms <= ? AND NOT EXISTS ("
        "  SELECT 1 FROM deliveries AS e WHERE e.destination = d.destination AND e.lane = d.lane"
        "  AND e.state = 0 AND e.number < d.number)"
        " ORDER BY due_ms, number LIMIT ?",
        (destination, now_ms, limit + len(busy)),
    ).fetchall()
    chosen = [row for row in rows if row[0] not in busy][:limit]
    return [_job(database, destination, *row) for row in chosen]


def next_due(database: Database, destination: str) -> int | None:
    """When the next message is due; None: none waits."""
    found: int | None = database.execute(
        "SELECT min(due_ms) FROM deliveries WHERE destination = ? AND state = 0", (destination,)
    ).fetchone()[0]
    return found


def _job(
    database: Database,
    destination: str,
    number: int,
    identity: str,
    alert: int | None,
    lane: str,
    bunch: str,
    attempts: int,
    at_ms: int,
) -> Job:
    if alert is None:
        message = Message(identity, members(database, number), group_labels(bunch), grouped=True)
    else:
        (body,) = database.execute("SELECT body FROM alerts WHERE number = ?", (alert,)).fetchone()
        event = orjson.loads(body)
        first = {one: found for one in concerned(event) if (found := event_by_id(database, one))}
        valid = bool(first) and _others_are_valid(database, destination, lane)
        over = not first and _is_over(database, destination, lane, alert, number)
        message = Message(identity, (event,), first=first, valid=valid, over=over)
    return Job(number, attempts, at_ms, message)


def members(database: Database, number: int) -> list[dict[str, Any]]:
    """The alerts of a group's message, in the order in which they came."""
    return [
        orjson.loads(body)
        for (body,) in database.execute(
            "SELECT body FROM deliveries AS d JOIN alerts AS a ON a.number = d.alert"
            " WHERE d.parent = ? ORDER BY d.number",
            (number,),
        )
    ]


def _others_are_valid(database: Database, destination: str, lane: str) -> bool:
    """Whether the destination got an alert of this clock's cycle that has not ended."""
    found = database.execute(
        "SELECT 1 FROM deliveries AS d JOIN alerts AS a ON a.number = d.alert"
        " WHERE d.destination = ? AND d.lane = ? AND a.ended = 0 LIMIT 1",
        (destination, lane),
    )
    return found.fetchone() is not None


def _is_over(database: Database, destination: str, lane: str, alert: int, number: int) -> bool:
    """Whether the alert has ended and what ends it does not wait behind it."""
    (ended,) = database.execute("SELECT ended FROM alerts WHERE number = ?", (alert,)).fetchone()
    behind = database.execute(
        "SELECT 1 FROM deliveries WHERE destination = ? AND lane = ? AND state = 0 AND number > ?",
        (destination, lane, number),
    )
    return bool(ended) and behind.fetchone() is None


# ------------------------------------------------------------------ settled


def done(database: Database, number: int) -> None:
    """It was taken: known for as long as it might come again."""
    database.execute("UPDATE deliveries SET state = 1, error = '' WHERE number = ?", (number,))
    database.execute("UPDATE deliveries SET state = 1 WHERE parent = ?", (number,))


def again(database: Database, number: int, due_ms: int, why: str) -> None:
    """It was not taken: another attempt."""
    database.execute(
        "UPDATE deliveries SET attempts = attempts + 1, due_ms = ?, error = ? WHERE number = ?",
        (due_ms, why, number),
    )


def dead(database: Database, number: int, why: str) -> None:
    """No further attempt: a dead letter."""
    database.execute(
        "UPDATE deliveries SET state = 2, attempts = attempts + 1, error = ? WHERE number = ?",
        (why, number),
    )


def give_up(database: Database, destination: str, before_ms: int, why: str) -> int:
    """What waits since before an instant becomes dead letters; how many."""
    return database.execute(
        "UPDATE deliveries SET state = 2, error = ?"
        " WHERE destination = ? AND state = 0 AND at_ms < ?",
        (why, destination, before_ms),
    ).rowcount


# ------------------------------------------------------------------ groups


def next_bunch(database: Database) -> int | None:
    """When a group speaks next; None: there is no group."""
    found: int | None = database.execute("SELECT min(next_ms) FROM bunches").fetchone()[0]
    return found


def flush(database: Database, now_ms: int, interval_of: Any) -> set[str]:
    """One message for every group whose time has come and that holds alerts.

    `interval_of(key)` is its group_interval in ms. The destinations that have something to send.
    """
    touched = set()
    rows = database.execute(
        "SELECT destination, bunch FROM bunches WHERE next_ms <= ?", (now_ms,)
    ).fetchall()
    for destination, bunch in rows:
        place = (destination, bunch)
        held = [
            identity
            for (identity,) in database.execute(
                "SELECT id FROM deliveries WHERE destination = ? AND bunch = ? AND state = 3"
                " ORDER BY number",
                place,
            )
        ]
        if not held:
            database.execute("DELETE FROM bunches WHERE destination = ? AND bunch = ?", place)
            continue
        _gather(database, destination, bunch, held, now_ms)
        database.execute(
            "UPDATE bunches SET next_ms = ? WHERE destination = ? AND bunch = ?",
            (now_ms + interval_of(bunch), *place),
        )
        touched.add(destination)
    return touched


def _gather(
    database: Database, destination: str, bunch: str, held: Sequence[str], now_ms: int
) -> None:
    """The message of a group; its id follows from what it holds."""
    digest = sha256("\n".join((destination, bunch, *held)).encode()).hexdigest()[:32]
    added = database.execute(
        "INSERT INTO deliveries (destination, id, lane, state, due_ms, at_ms, bunch)"
        " VALUES (?, ?, ?, 0, ?, ?, ?)",
        (destination, f"group/{digest}", f"group/{bunch}", now_ms, now_ms, bunch),
    )
    database.execute(
        "UPDATE deliveries SET state = 4, parent = ? WHERE destination = ? AND bunch = ?"
        " AND state = 3",
        (added.lastrowid, destination, bunch),
    )


# ------------------------------------------------------------------ dead letters


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was given up."""

    number: int
    destination: str
    id: str
    attempts: int
    at_ms: int
    error: str
    alerts: int


def letters(database: Database, destination: str | None = None) -> Iterator[Letter]:
    """Every dead letter, oldest first."""
    for row in database.execute(
        "SELECT number, destination, id, attempts, at_ms, error,"
        " CASE WHEN alert IS NULL THEN"
        "  (SELECT count(*) FROM deliveries AS m WHERE m.parent = d.number) ELSE 1 END"
        " FROM deliveries AS d WHERE state = 2 AND (?1 IS NULL OR destination = ?1)"
        " ORDER BY number",
        (destination,),
    ):
        yield Letter(*row)


def put_back(database: Database, numbers: Sequence[int], now_ms: int) -> int:
    """Dead letters wait again, as if they had just come, under the ids they had; how many."""
    count = 0
    for number in numbers:
        count += database.execute(
            "UPDATE deliveries SET state = 0, attempts = 0, due_ms = ?, at_ms = ?, error = ''"
            " WHERE number = ? AND state = 2",
            (now_ms, now_ms, number),
        ).rowcount
    return count


# ------------------------------------------------------------------ the rest


def valid_alerts(
    database: Database, destination: str, after: int, limit: int
) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """(number, alert, alert as amended) of what the destination has and that has not ended."""
    rows = database.execute(
        "SELECT a.number, a.body, coalesce(t.body, a.body) FROM alerts AS a"
        " JOIN deliveries AS d ON d.alert = a.number LEFT JOIN alerts AS t ON t.number = a.told"
        " WHERE d.destination = ? AND d.state = 1 AND a.ended = 0 AND a.number > ?"
        " ORDER BY a.number LIMIT ?",
        (destination, after, limit),
    ).fetchall()
    return [(number, orjson.loads(body), orjson.loads(told)) for number, body, told in rows]


def sweep(database: Database, now_ms: int, destinations: Collection[str], limit: int) -> int:
    """Forget what is long done, and the oldest dead letters beyond their bound; how many of those.

    A valid alert stays longer: what ends it must find it.
    """
    old = now_ms - DELIVER_KEPT_MS
    rows = database.execute(
        "SELECT number FROM alerts AS a WHERE at_ms < ? AND (ended = 1 OR at_ms < ?)"
        " AND NOT EXISTS ("
        " SELECT 1 FROM deliveries AS d WHERE d.alert = a.number AND d.state <> 1) LIMIT ?",
        (old, now_ms - _VALID_KEPT_MS, limit),
    ).fetchall()
    for row in rows:
        database.execute("DELETE FROM deliveries WHERE alert = ?", row)
        database.execute("DELETE FROM alerts WHERE number = ?", row)
    database.execute(
        "DELETE FROM deliveries WHERE alert IS NULL AND state = 1 AND at_ms < ?", (old,)
    )
    dropped = 0
    for destination in destinations:
        dropped += database.execute(
            "UPDATE deliveries SET state = 1, error = 'dropped' WHERE number IN ("
            " SELECT number FROM deliveries WHERE destination = ? AND state = 2"
            " ORDER BY number DESC LIMIT ? OFFSET ?)",
            (destination, limit, DELIVER_DEAD_MAX),
        ).rowcount
    return dropped
