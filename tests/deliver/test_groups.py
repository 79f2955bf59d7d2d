"""Groups: one message per group and window with the complete list (F73, G22); inhibition."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import orjson

from sla_engine.deliver import queue
from sla_engine.deliver.intake import Intake
from sla_engine.deliver.lists import Lists
from sla_engine.deliver.plan.forms import payload_of
from sla_engine.deliver.plan.parse import parse_plan
from sla_engine.deliver.plan.routing import waits_of
from sla_engine.deliver.schema import connect
from sla_engine.engine.ports import StoredRecord
from tests.deliver.delivering import (
    MemoryAlerts,
    alert,
    cleared,
    delivering,
    retracted,
    warning,
)
from tests.deliver.receiver import receiver

GROUPED = """
destinations:
  desk: {kind: webhook, url: 'https://example.com/', waiting: 1000000}
routes:
  - {to: desk, group_by: [attributes.team], group_wait: 30s, group_interval: 5m}
"""


class Desk:
    """A destination's file, fed and read by hand: time is what the test says."""

    def __init__(self, folder: Path, plan: str = GROUPED) -> None:
        self.plan = parse_plan(plan, "deliver.yaml")
        self.database = connect(folder / "deliver.db")
        self.intake = Intake(self.plan, self.database)
        self._offset = 0

    def feed(self, now_ms: int, *events: dict[str, Any]) -> None:
        records = []
        for event in events:
            records.append(StoredRecord(0, self._offset, 0, None, orjson.dumps(event)))
            self._offset += 1
        with transaction(self.database):
            self.intake.take(self.database, "topic", 0, records, now_ms)

    def messages(self, now_ms: int, name: str = "desk") -> list[Any]:
        """What is due at an instant; taken as delivered."""
        with transaction(self.database):
            queue.flush(self.database, now_ms, lambda key: waits_of(self.plan, key)[1])
            jobs = queue.take(self.database, name, now_ms, 100, ())
            for job in jobs:
                queue.done(self.database, job.number)
        return [job.message for job in jobs]


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Any:
    database.execute("BEGIN")
    yield
    database.execute("COMMIT")


def test_a_group_speaks_once_per_window_and_of_everything(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    noc = {"attributes": {"team": "noc"}}
    desk.feed(0, alert("1", **noc), alert("2", **noc), alert("3", attributes={"team": "desk"}))
    assert desk.messages(29_999) == []
    desk.feed(29_999, alert("4", **noc))
    first = desk.messages(30_000)
    sizes = {one.labels["attributes.team"]: len(one.alerts) for one in first}
    assert sizes == {"noc": 3, "desk": 1}
    desk.feed(31_000, alert("5", **noc), alert("6", **noc))
    assert desk.messages(329_999) == []
    (second,) = desk.messages(330_000)
    assert [event["subject"] for event in second.alerts] == ["5", "6"]
    assert second.id not in {one.id for one in first}
    assert desk.messages(10_000_000) == []
    desk.feed(10_000_000, alert("7", **noc))
    assert desk.messages(10_029_999) == [], "a new group waits again"
    assert len(desk.messages(10_030_000)) == 1


def test_a_storm_is_one_message_with_the_complete_list(tmp_path: Path) -> None:
    """50,000 breaches at nine o'clock (G22)."""
    count = 50_000
    desk = Desk(tmp_path)
    desk.feed(0, *(alert(str(i), attributes={"team": "noc"}) for i in range(count)))
    (message,) = desk.messages(30_000)
    assert len(message.alerts) == count
    listed = asyncio.run(Lists(tmp_path / "lists", "https://lists.example").listed(message))
    said = payload_of(listed)["data"]
    assert said["count"] == count
    assert len(said["alerts"]) == 100
    (path,) = (tmp_path / "lists").iterdir()
    assert said["list"] == f"https://lists.example/{path.name}"
    ids = {orjson.loads(line)["id"] for line in path.read_bytes().splitlines()}
    assert ids == {alert(str(i))["id"] for i in range(count)}
    assert desk.messages(10**9) == []


def test_ends_and_corrections_join_the_group_of_their_alert(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = alert("1", attributes={"team": "noc"})
    desk.feed(0, first)
    assert len(desk.messages(30_000)) == 1
    desk.feed(31_000, retracted(first), cleared("1", "breach"))
    (message,) = desk.messages(330_000)
    assert [event["type"] for event in message.alerts] == [
        "sla.alert.retracted",
        "sla.alert.cleared",
    ]


def test_a_crash_between_two_windows_neither_loses_nor_repeats(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.feed(0, alert("1"))
    assert len(desk.messages(30_000)) == 1
    desk.feed(40_000, alert("2"))
    desk.database.close()
    again = Desk(tmp_path)
    again.feed(50_000, alert("1"), alert("2"))  # read again, as after a crash
    (message,) = again.messages(330_000)
    assert [event["subject"] for event in message.alerts] == ["2"]


def test_a_group_of_a_real_receiver(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(*(alert(str(i)) for i in range(30)))
    with receiver() as desk:
        plan = f"""
destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}
routes: [{{to: desk, group_by: [set, clock], group_wait: 1s, group_interval: 1s}}]
"""
        with delivering(plan, log, tmp_path) as running:
            (got,) = desk.wait_for(1)
            running.wait_until("SELECT count(*) FROM deliveries WHERE state = 1", [(31,)])
    assert got.json["type"] == "sla.alerts.group"
    assert got.json["data"]["labels"] == {"set": "default", "clock": "resolution"}
    assert got.json["data"]["count"] == len(got.json["data"]["alerts"]) == 30


INHIBITED = """
destinations: {desk: {kind: webhook, url: 'https://example.com/'}}
default: desk
inhibit:
  - {source: type = breached, target: type = warning, equal: [attributes.customer]}
"""


def test_an_alert_is_kept_back_while_a_graver_one_is_valid(tmp_path: Path) -> None:
    desk = Desk(tmp_path, INHIBITED)
    acme, other = {"attributes": {"customer": "acme"}}, {"attributes": {"customer": "other"}}
    desk.feed(0, warning("0", **acme), alert("1", **acme), warning("2", **acme))
    desk.feed(0, warning("3", **other), cleared("2", "80%"))
    told = [message.id for message in desk.messages(0)]
    assert told == [warning("0")["id"], alert("1")["id"], warning("3")["id"]]
    desk.database.close()
    again = Desk(tmp_path, INHIBITED)
    again.feed(1, warning("4", **acme))
    assert again.messages(1) == [], "also after a restart"
    again.feed(1, cleared("1", "breach", **acme), warning("5", **acme))
    assert [message.id for message in again.messages(1)] == [
        cleared("1")["id"],
        warning("5")["id"],
    ]


def test_what_was_kept_back_is_not_ended_at_anybody(tmp_path: Path) -> None:
    desk = Desk(tmp_path, INHIBITED)
    desk.feed(0, alert("1"), warning("2"), cleared("2", "80%"))
    assert [message.id for message in desk.messages(0)] == [alert("1")["id"]]
