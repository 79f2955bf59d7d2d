"""Alerts of the log into what is owed: one transaction with the position behind them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from sla_engine.deliver.plan import routing
from sla_engine.deliver.plan.matching import labels_of
from sla_engine.deliver.plan.model import Plan
from sla_engine.deliver.plan.routing import Chosen, Inhibitors
from sla_engine.deliver.plan.shape import alert_of
from sla_engine.deliver.schema import State
from sla_engine.engine.ports import StoredRecord

QUEUE_FULL = "as many alerts wait for this destination as `waiting` allows"


class Intake:
    """Decides what each alert means for each destination, by the plan and what was sent before."""

    def __init__(self, plan: Plan, database: sqlite3.Connection) -> None:
        self._plan = plan
        self._inhibitors = Inhibitors(plan)
        self._waiting: dict[str, int] = {}
        self.passed_over = 0
        if plan.inhibitions:
            self._load_valid(database)

    def take(
        self,
        database: sqlite3.Connection,
        topic: str,
        partition: int,
        records: Sequence[StoredRecord],
        now_ms: int,
    ) -> set[str]:
        """Owe the records' alerts; the destinations that have something new to send."""
        self._waiting = {}
        touched: set[str] = set()
        for record in records:
            event = alert_of(record.value or b"")
            if event is None:
                self.passed_over += 1
                continue
            touched |= self._one(database, event, record.value or b"", now_ms)
        database.execute(
            "INSERT INTO positions VALUES (?, ?, ?)"
            " ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next",
            (topic, partition, records[-1].offset + 1),
        )
        return touched

    def _one(
        self, database: sqlite3.Connection, event: Mapping[str, Any], body: bytes, now_ms: int
    ) -> set[str]:
        identity = str(event["id"])
        added = database.execute(
            "INSERT OR IGNORE INTO alerts (id, at_ms, ended, body) VALUES (?, ?, ?, ?)",
            (identity, now_ms, routing.word_of(event) in routing.FOLLOWERS, body),
        )
        if added.rowcount == 0:
            return set()  # it came before, under the same id
        number = added.lastrowid
        chosen = self._chosen(database, event)
        for one in chosen:
            self._owe(database, one, event, number, now_ms)
        self._end(database, event, number)
        return {one.destination for one in chosen}

    def _chosen(self, database: sqlite3.Connection, event: Mapping[str, Any]) -> list[Chosen]:
        """By what happened to the alerts it is about, else by the routes."""
        earlier = routing.concerned(event)
        if earlier:
            known, places = _places(database, earlier)
            if known:
                return [self._follow(*place) for place in places if self._has(place[0])]
        labels = labels_of(event)
        identity = str(event["id"])
        if routing.word_of(event) not in routing.FOLLOWERS:
            self._inhibitors.begin(identity, labels)
            if self._inhibitors.keep_back(identity, labels):
                return []
        return [
            one for one in routing.choose(self._plan, event, labels) if self._has(one.destination)
        ]

    def _has(self, destination: str) -> bool:
        return destination in self._plan.destinations

    def _follow(self, destination: str, bunch: str) -> Chosen:
        wait, interval = routing.waits_of(self._plan, bunch) if bunch else (0, 0)
        return Chosen(destination, bunch if interval or wait else "", wait, interval)

    def _owe(
        self,
        database: sqlite3.Connection,
        chosen: Chosen,
        event: Mapping[str, Any],
        number: int | None,
        now_ms: int,
    ) -> None:
        state, error = (State.HELD if chosen.group else State.WAITING), ""
        if self._is_full(database, chosen.destination):
            state, error = State.DEAD, QUEUE_FULL
        database.execute(
            "INSERT OR IGNORE INTO deliveries"
            " (destination, id, alert, lane, state, due_ms, at_ms, error, bunch)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(chosen.destination, str(event["id"]), number, routing.clock_of(event)),
                *(state, now_ms, now_ms, error, chosen.group),
            ),
        )
        if state is State.HELD:
            database.execute(
                "INSERT OR IGNORE INTO bunches VALUES (?, ?, ?)",
                (chosen.destination, chosen.group, now_ms + chosen.wait_ms),
            )

    def _is_full(self, database: sqlite3.Connection, destination: str) -> bool:
        count = self._waiting.get(destination)
        if count is None:
            waiting, held, _ = counts(database, destination)
            count = waiting + held
        self._waiting[destination] = count + 1
        return bool(count >= self._plan.destinations[destination].waiting_max)

    def _end(
        self, database: sqlite3.Connection, event: Mapping[str, Any], number: int | None
    ) -> None:
        if routing.word_of(event) == "amended":
            again = " , ended = 0" if event["data"].get("active") else ""
            database.execute(
                f"UPDATE alerts SET told = ?{again} WHERE id = ?",  # noqa: S608  # our own words
                (number, str(event["data"]["alert"])),
            )
        for identity in routing.ended(event):
            database.execute("UPDATE alerts SET ended = 1 WHERE id = ?", (identity,))
            if self._plan.inhibitions:
                first = event_by_id(database, identity)
                if first is not None:
                    self._inhibitors.end(identity, labels_of(first))

    def _load_valid(self, database: sqlite3.Connection) -> None:
        for (body,) in database.execute("SELECT body FROM alerts WHERE ended = 0"):
            event = orjson.loads(body)
            self._inhibitors.begin(str(event["id"]), labels_of(event))


def _places(
    database: sqlite3.Connection, identities: Iterable[str]
) -> tuple[bool, list[tuple[str, str]]]:
    """Whether any of the alerts is known, and the (destination, group) that any of them went to."""
    known, places = False, dict[str, str]()
    for identity in identities:
        found = database.execute("SELECT number FROM alerts WHERE id = ?", (identity,)).fetchone()
        if found is None:
            continue
        known = True
        for destination, bunch in database.execute(
            "SELECT destination, bunch FROM deliveries WHERE alert = ?", found
        ):
            places.setdefault(destination, bunch)
    return known, list(places.items())


def event_by_id(database: sqlite3.Connection, identity: str) -> dict[str, Any] | None:
    """An alert as it came; None when it is not known any more."""
    found = database.execute("SELECT body FROM alerts WHERE id = ?", (identity,)).fetchone()
    if found is None:
        return None
    event: dict[str, Any] = orjson.loads(found[0])
    return event


def counts(database: sqlite3.Connection, destination: str) -> tuple[int, int, int]:
    """Rows of a destination that wait, are held for their group, and are dead letters."""
    found: tuple[int, int, int] = database.execute(
        # Each by its own index, which a state given as a parameter would not use.
        "SELECT (SELECT count(*) FROM deliveries WHERE destination = ?1 AND state = 0),"
        " (SELECT count(*) FROM deliveries WHERE destination = ?1 AND state = 3),"
        " (SELECT count(*) FROM deliveries WHERE destination = ?1 AND state = 2)",
        (destination,),
    ).fetchone()
    return found
