"""This engine: one worker on Kafka, its state in Redis, its time that of the events.

Marks are answered by looking at the worker: the first ones when it owns its partitions and has read
nothing, the last ones when all before them is durable in Redis. States are read from Redis, when
the worker has stopped.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.contenders.engine.state import stored_lines
from benchmarks.contenders.wire import ASK, Told, told
from benchmarks.job.answer import instant_ms
from benchmarks.job.engine import POLICIES
from sla_engine.cli.wiring import Running, Services, build_worker, make_log
from sla_engine.config import load_settings
from sla_engine.engine.warm import compile_all
from sla_engine.policy import load_text

POLL_S = 0.002


class Stopped(Exception):
    """The runner has had enough."""


def services(where: Told) -> Services:
    """A connection to the broker and to Redis."""
    environ = {
        "SLA_KAFKA__BROKERS": where.bootstrap,
        "SLA_KAFKA__EVENTS": where.events,
        "SLA_KAFKA__ALERTS": where.alerts,
        "SLA_KAFKA__DEAD": f"{where.events}-dead",
        "SLA_KAFKA__GROUP": where.group,
        "SLA_KAFKA__PARTITIONS": str(where.partitions),
        "SLA_REDIS__URL": f"unix://{where.redis}",
        "SLA_TIME__SOURCE": "events",
    }
    settings = load_settings(None, environ=environ).settings
    url = settings.redis.url.reveal()
    return Services(settings, url, make_log(settings, url))


def when(ready: Callable[[], bool], thread: threading.Thread) -> None:
    """Return when it is so."""
    while not ready():
        if not thread.is_alive():
            raise SystemExit("the worker has ended")
        time.sleep(POLL_S)


def drain(where: Told, running: Running, ends: dict[int, int], producer: Producer) -> None:
    """Start the worker, answer the marks, and stop it at the first question."""
    worker = threading.Thread(target=lambda: running.run(signals=False))
    worker.start()
    try:
        when(lambda: len(running.engine.positions()) == where.partitions, worker)
        answer_marks(producer, where, "first")
        when(lambda: all(running.engine.positions()[p] >= end for p, end in ends.items()), worker)
        answer_marks(producer, where, "last")
        producer.flush(10)
        wait_for_question(where, ends)
    finally:
        running.worker.stop()
        worker.join()


def answer_marks(producer: Producer, where: Told, name: str) -> None:
    """Of all partitions."""
    for partition in range(where.partitions):
        producer.produce(where.answers, f"{name}-{partition}", "time")
    producer.poll(0)


def watcher(where: Told, offsets: dict[int, int]) -> Consumer:
    """A reader of the events beside the worker."""
    consumer = Consumer(
        {
            "bootstrap.servers": where.bootstrap,
            "group.id": f"{where.group}-watcher",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(where.events, p, offset) for p, offset in offsets.items()])
    return consumer


def wait_for_question(where: Told, ends: dict[int, int]) -> None:
    """Until the first `bench.ask` behind the last marks."""
    consumer = watcher(where, ends)
    while True:
        for message in consumer.consume(1, 0.2):
            if orjson.loads(message.value() or b"{}")["type"] == ASK:
                consumer.close()
                return


def end_of_job(where: Told, ends: dict[int, int]) -> int:
    """The time of a last mark, in ms since 1970."""
    consumer = watcher(where, {0: ends[0] - 1})
    found = consumer.consume(1, 10)
    consumer.close()
    return instant_ms(orjson.loads(found[0].value() or b"")["time"])


def main() -> None:
    """Drain, then answer until told to stop."""

    def stop(number: int, _: object) -> None:
        raise Stopped

    signal.signal(signal.SIGTERM, stop)
    where = told()
    compile_all()
    policies = load_text(POLICIES)
    connected = services(where)
    running = build_worker(connected, policies)
    reader = connected.log.reader()
    ends = {p: reader.bounds("events", p)[1] for p in range(where.partitions)}
    end_ms = end_of_job(where, ends)
    producer = Producer({"bootstrap.servers": where.bootstrap, "linger.ms": 5})
    try:
        drain(where, running, ends, producer)
        for name, line in stored_lines(connected.redis_url, policies, where.partitions, end_ms):
            producer.produce(where.answers, line, name)
            producer.poll(0)
        producer.flush(60)
        signal.pause()
    except Stopped:
        pass


if __name__ == "__main__":
    main()
