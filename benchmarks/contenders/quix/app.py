"""Quix Streams: a stateful step per incident, RocksDB with a changelog topic.

There are no timers, so what is due is kept in a heap of this process, and an incident whose step
is due is sent a wake-up over the topic of events itself: its state can be reached by its key only.
"""

from __future__ import annotations

from collections import defaultdict
from heapq import heappop, heappush
from typing import Any

from confluent_kafka import Producer
from quixstreams import Application, State, message_context
from quixstreams.models import Serializer

from benchmarks.contenders import rules
from benchmarks.contenders.wire import ASK, MARK, alert, told

WAKE = "bench.wake"

where = told()
waker = Producer({"bootstrap.servers": where.bootstrap, "linger.ms": 5})
heaps: dict[int, list[tuple[int, str]]] = defaultdict(list)
#: Per incident, the instant of its entry in the heap.
armed: dict[str, int] = {}

Out = dict[str, Any]


class Written(Serializer):  # type: ignore[misc]
    """What is written was made ready before."""

    def __call__(self, value: Out, ctx: Any) -> bytes:
        """The bytes of one record."""
        made: bytes = value["value"]
        return made


def take(event: dict[str, Any], state: State) -> list[Out]:
    """One event; what is to be written."""
    kind, name = event["type"], event["subject"]
    partition = message_context().partition
    if kind == WAKE:
        row = state.get("row")
        out: list[str] = []
        rules.fire(name, row, event["at"], out)
        state.set("row", row)
        arm(partition, name, row)
        return sent(name, out)
    at = rules.instant_ms(event["time"])
    if kind == MARK:
        wake(partition, at)
        return [{"topic": answers, "key": "time", "value": event["id"].encode()}]
    row = state.get("row")
    if kind == ASK:
        return [{"topic": answers, "key": name, "value": rules.line(name, row).encode()}]
    out = []
    if row is None:
        row = rules.opened(name, event, at, out)
    else:
        rules.apply(name, row, event, at, out)
    state.set("row", row)
    arm(partition, name, row)
    wake(partition, at - 1)
    return sent(name, out)


def arm(partition: int, name: str, row: rules.State) -> None:
    """Put an incident's next step into the heap, if it comes before what is there."""
    instant = min(rules.instants(row))
    if instant < armed.get(name, rules.NEVER):
        armed[name] = instant
        heappush(heaps[partition], (instant, name))


def wake(partition: int, until: int) -> None:
    """Send wake-ups to what may be due up to and with `until`."""
    heap = heaps[partition]
    while heap and heap[0][0] <= until:
        instant, name = heappop(heap)
        if armed.get(name) == instant:
            del armed[name]
            value = f'{{"type":"{WAKE}","subject":"{name}","at":{until}}}'
            waker.produce(where.events, value, name, partition)
    waker.poll(0)


def sent(name: str, out: list[str]) -> list[Out]:
    """Alerts as they are written."""
    return [{"topic": alerts, "key": name, "value": alert(name, one)} for one in out]


app = Application(
    broker_address=where.bootstrap,
    consumer_group=where.group,
    auto_offset_reset="earliest",
    state_dir=where.folder,
    loglevel="WARNING",
    consumer_extra_config={"fetch.queue.backoff.ms": 10},
)
events = app.topic(where.events, key_deserializer="str", value_deserializer="json")
alerts = app.topic(where.alerts, key_serializer="str", value_serializer=Written())
answers = app.topic(where.answers, key_serializer="str", value_serializer=Written())

stream = app.dataframe(events)
stream = stream.apply(take, stateful=True, expand=True)
stream.to_topic(lambda value, *_: value["topic"], key=lambda value: value["key"])

if __name__ == "__main__":
    app.run()
