"""Bytewax: a stateful step per incident, snapshots every ten seconds.

Its own notifications come at instants of the wall clock, but the job's time is that of its events;
so a heap per partition holds what comes due, and the source lets a wake-up follow the events that
have passed an incident's step. After a restart the heap is filled again from the snapshots.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from confluent_kafka import Consumer, TopicPartition

from benchmarks.contenders import rules
from benchmarks.contenders.wire import ASK, MARK, alert, told

BATCH = 1_000
SNAPSHOTS = timedelta(seconds=10)
WAKE = "bench.wake"

where = told()
heaps: dict[int, list[tuple[int, str]]] = defaultdict(list)
#: Per incident, the instant of its entry in the heap.
armed: dict[str, int] = {}

Item = tuple[str, dict[str, Any]]
Out = tuple[bool, str, bytes]


class Partition(StatefulSourcePartition[Item, int]):  # type: ignore[misc]
    """One partition of the events, with wake-ups behind them."""

    def __init__(self, number: int, offset: int) -> None:
        self._number, self._offset = number, offset
        self._until = 0
        self._consumer = Consumer(
            {
                "bootstrap.servers": where.bootstrap,
                "group.id": where.group,
                "enable.auto.commit": False,
                "fetch.queue.backoff.ms": 10,
            }
        )
        self._consumer.assign([TopicPartition(where.events, number, offset)])

    def next_batch(self) -> list[Item]:
        """Events that are there, then what they have made due."""
        items = []
        for message in self._consumer.consume(BATCH, 0.001):
            self._offset = message.offset() + 1
            event = orjson.loads(message.value())
            at = rules.instant_ms(event["time"])
            event["at"], event["partition"] = at, self._number
            name = event["subject"]
            if event["type"] == MARK:
                name, self._until = event["id"], at
            else:
                self._until = max(self._until, at - 1)
            items.append((name, event))
        return [*items, *self._wakes()]

    def _wakes(self) -> list[Item]:
        heap, items = heaps[self._number], []
        while heap and heap[0][0] <= self._until:
            instant, name = heappop(heap)
            if armed.get(name) == instant:
                del armed[name]
                wake = {"type": WAKE, "at": self._until, "partition": self._number}
                items.append((name, wake))
        return items

    def snapshot(self) -> int:
        """Where to go on."""
        return self._offset


class Events(FixedPartitionedSource[Item, int]):  # type: ignore[misc]
    """The topic of events."""

    def list_parts(self) -> list[str]:
        """Its partitions."""
        return [str(number) for number in range(where.partitions)]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> Partition:
        """A partition from where its snapshot left it."""
        return Partition(int(for_part), resume_state or 0)


class Incident(StatefulLogic[dict[str, Any], Out, Any]):  # type: ignore[misc]
    """One incident; its snapshot is its name, its partition and its row."""

    def __init__(self, resumed: tuple[str, int, rules.State] | None) -> None:
        self.name, self.partition, self.row = resumed or ("", 0, [])
        if self.row:
            self._arm()

    def on_item(self, value: dict[str, Any]) -> tuple[list[Out], bool]:
        """An event or a wake-up."""
        kind, out = value["type"], list[str]()
        if kind == MARK:
            return [(False, "time", value["id"].encode())], StatefulLogic.DISCARD
        if kind == ASK:
            line = rules.line(self.name, self.row).encode()
            return [(False, self.name, line)], StatefulLogic.RETAIN
        if kind == WAKE:
            rules.fire(self.name, self.row, value["at"], out)
        elif self.row:
            rules.apply(self.name, self.row, value, value["at"], out)
        else:
            self.name, self.partition = value["subject"], value["partition"]
            self.row = rules.opened(self.name, value, value["at"], out)
        self._arm()
        return [(True, self.name, alert(self.name, one)) for one in out], StatefulLogic.RETAIN

    def _arm(self) -> None:
        instant = min(rules.instants(self.row))
        if instant < armed.get(self.name, rules.NEVER):
            armed[self.name] = instant
            heappush(heaps[self.partition], (instant, self.name))

    def snapshot(self) -> tuple[str, int, rules.State]:
        """What it is built from after a restart."""
        return self.name, self.partition, list(self.row)


def record(item: tuple[str, Out]) -> KafkaSinkMessage:
    """An alert or an answer for its topic."""
    _, (is_alert, key, value) = item
    topic = where.alerts if is_alert else where.answers
    return KafkaSinkMessage(key.encode(), value, topic=topic)


flow = Dataflow("job")
events = op.input("events", flow, Events())
outs = op.stateful("incidents", events, Incident)
records = op.map("records", outs, record)
op.output("out", records, KafkaSink([where.bootstrap], None, {"linger.ms": "5"}))

if __name__ == "__main__":
    folder = Path(where.folder, "recovery")
    folder.mkdir()
    init_db_dir(folder, 1)
    recovery = RecoveryConfig(str(folder), timedelta(0))
    cli_main(flow, epoch_interval=SNAPSHOTS, recovery_config=recovery)
