"""A loop written by hand: confluent-kafka, a dictionary and heaps. Nothing is durable.

Each clock's next step lies in the heap of its partition. An entry stays where it is when the step
moves; when it comes up, it is looked at again.
"""

from __future__ import annotations

import gc
import signal
from heapq import heappop, heappush
from typing import Any

import orjson
from confluent_kafka import Consumer, Message, Producer

from benchmarks.contenders import rules
from benchmarks.contenders.wire import ASK, MARK, alert, told

BATCH = 5_000


class Loop:
    """The state of all partitions, and where alerts go."""

    def __init__(self, producer: Any, alerts: str, answers: str, partitions: int) -> None:
        self.producer, self.alerts, self.answers = producer, alerts, answers
        self.states: dict[str, rules.State] = {}
        #: Per incident and clock, the instant of its entry in the heap.
        self.armed: dict[str, list[int]] = {}
        self.heaps: list[list[tuple[int, str, int]]] = [[] for _ in range(partitions)]
        self.times = [0] * partitions

    def take(self, message: Message) -> None:
        """One record."""
        event = orjson.loads(message.value() or b"")
        partition = int(message.partition() or 0)
        at = rules.instant_ms(event["time"])
        name = event["subject"]
        if event["type"] == MARK:
            self.fire(partition, at)
            self.producer.produce(self.answers, event["id"], "time")
            return
        if event["type"] == ASK:
            self.producer.produce(self.answers, rules.line(name, self.states[name]), name)
            return
        out: list[str] = []
        state = self.states.get(name)
        if state is None:
            self.states[name] = state = rules.opened(name, event, at, out)
            self.armed[name] = [rules.NEVER] * 3
        else:
            rules.apply(name, state, event, at, out)
        self.send(name, out)
        self.arm(partition, name, state)
        self.times[partition] = at

    def arm(self, partition: int, name: str, state: rules.State) -> None:
        """Put steps into the heap that come before what is there for their clocks."""
        armed = self.armed[name]
        for clock, instant in enumerate(rules.instants(state)):
            if instant < armed[clock]:
                armed[clock] = instant
                heappush(self.heaps[partition], (instant, name, clock))

    def fire(self, partition: int, until: int) -> None:
        """Send what is due up to and with `until`."""
        heap = self.heaps[partition]
        while heap and heap[0][0] <= until:
            instant, name, clock = heappop(heap)
            if self.armed[name][clock] == instant:
                self.armed[name][clock] = rules.NEVER
                out: list[str] = []
                rules.fire(name, self.states[name], until, out)
                self.send(name, out)
                self.arm(partition, name, self.states[name])

    def fire_passed(self) -> None:
        """Send what is due before the time of each partition."""
        for partition, time in enumerate(self.times):
            self.fire(partition, time - 1)

    def send(self, name: str, out: list[str]) -> None:
        """Write alerts."""
        for alert_id in out:
            self.producer.produce(self.alerts, alert(name, alert_id), name)


def main() -> None:
    """Read until told to stop."""
    gc.disable()  # nothing here goes round in circles
    where = told()
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    producer = Producer({"bootstrap.servers": where.bootstrap, "linger.ms": 5})
    consumer = Consumer(
        {
            "bootstrap.servers": where.bootstrap,
            "group.id": where.group,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 10,
        }
    )
    consumer.subscribe([where.events])
    loop = Loop(producer, where.alerts, where.answers, where.partitions)
    while not stopped:
        for message in consumer.consume(BATCH, 0.05):
            loop.take(message)
        loop.fire_passed()
        producer.poll(0)
    producer.flush(10)
    consumer.close()


if __name__ == "__main__":
    main()
