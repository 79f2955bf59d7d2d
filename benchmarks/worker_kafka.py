"""One worker on Kafka with Redis durable: drain rate, lateness, memory, claim.

The broker, Redis (AOF everysec) and the worker share the machine. The producer fills the log
before the drain is timed. Lateness is the alert's broker time stamp minus its instant.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from confluent_kafka import Producer

from sla_engine.cli import steady as job
from sla_engine.cli.wiring import Running, Services, build_worker, make_log
from sla_engine.config import load_settings
from sla_engine.engine.warm import compile_all
from sla_engine.policy import load_text
from tests.services.kafka import KafkaBroker, kafka_jars
from tests.services.redis import RedisKind, RedisServer

PARTITIONS = 4
WARM_UP_S = 20


@dataclass
class Bench:
    """The servers and what was measured."""

    broker: KafkaBroker
    redis: RedisServer
    incidents: int
    found: dict[str, Any]

    def services(self) -> Services:
        """A connection to both servers."""
        environ = {
            "SLA_KAFKA__BROKERS": self.broker.bootstrap,
            "SLA_KAFKA__PARTITIONS": str(PARTITIONS),
            "SLA_REDIS__URL": self.redis.url,
        }
        settings = load_settings(None, environ=environ).settings
        return Services(settings, self.redis.url, make_log(settings, self.redis.url))

    def fill(self, events: Any) -> int:
        """Put events on the log; how many."""
        producer = Producer(
            {
                "bootstrap.servers": self.broker.bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 20,
                "queue.buffering.max.messages": 2_000_000,
                "compression.type": "none",
            }
        )
        count = 0
        for key, value in events:
            producer.produce("incidents", value, key)
            count += 1
            if count % 10_000 == 0:
                producer.poll(0)
        producer.flush(120)
        return count

    def start(self) -> tuple[Running, threading.Thread]:
        """A worker in this process."""
        running = build_worker(self.services(), load_text(job.POLICIES))
        thread = threading.Thread(target=lambda: running.run(signals=False))
        thread.start()
        return running, thread

    def drain(self, running: Running, ends: dict[int, int]) -> float:
        """Seconds until everything up to `ends` is durable, from the first applied event."""
        begun = None
        while True:
            positions = running.engine.positions()
            done = sum(max(0, position) for position in positions.values())
            if begun is None and done:
                begun = time.monotonic()
            if begun and all(positions.get(p, 0) >= end for p, end in ends.items()):
                return time.monotonic() - begun
            time.sleep(0.005)

    def ends(self) -> dict[int, int]:
        """The end of each partition of the log."""
        reader = self.services().log.reader()
        return {p: reader.bounds("events", p)[1] for p in range(PARTITIONS)}

    def memory(self) -> int:
        """Bytes that Redis uses."""
        return int(self.redis.client().info("memory")["used_memory"])


def measure(incidents: int, seconds: int) -> dict[str, Any]:
    """All figures of one run."""
    compile_all()
    broker = KafkaBroker(kafka_jars())
    redis = RedisServer(next(iter(RedisKind)), fsync="everysec")
    broker.start()
    redis.start()
    bench = Bench(broker, redis, incidents, {"incidents": incidents})
    try:
        bench.services().log.ensure_topics(PARTITIONS)
        throughput(bench)
        lateness(bench, seconds)
    finally:
        broker.close()
        redis.close()
    bench.found["machine"] = f"{platform.machine()}, {os.cpu_count()} cores"
    return bench.found


def throughput(bench: Bench) -> None:
    """Backlog drain: openings, then changes; memory per incident; claim of what is there."""
    empty = bench.memory()
    begin = now() - timedelta(minutes=30)
    bench.fill(job.created(bench.incidents, begin))
    running, thread = bench.start()
    took = bench.drain(running, bench.ends())
    bench.found["created_per_s"] = round(bench.incidents / took)
    running.worker.stop()
    thread.join()
    later = begin + timedelta(milliseconds=bench.incidents + 1000)
    count = bench.fill(job.mixed(bench.incidents, bench.incidents, later))
    claimed = time.monotonic()
    running, thread = bench.start()
    while len(running.engine.positions()) < PARTITIONS:
        time.sleep(0.005)
    bench.found["claim_s"] = round(time.monotonic() - claimed, 2)
    took = bench.drain(running, bench.ends())
    bench.found["mixed_per_s"] = round(count / took)
    bench.found["redis_bytes_per_incident"] = (bench.memory() - empty) // bench.incidents
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    bench.found["process_peak_bytes_per_incident"] = rss // bench.incidents
    running.worker.stop()
    thread.join()


def lateness(bench: Bench, seconds: int) -> None:
    """Events at a steady rate, alerts falling due: the broker's time stamp minus the instant.

    Counted from WARM_UP_S on: until then the broker's own compiler takes half a core.
    """
    running, thread = bench.start()
    reader = bench.services().log.reader()
    while len(running.engine.positions()) < PARTITIONS:
        time.sleep(0.01)
    starts = {p: reader.bounds("alerts", p)[1] for p in range(PARTITIONS)}
    load = [sys.executable, "-m", "benchmarks.load", bench.broker.bootstrap]
    whole = WARM_UP_S + seconds
    counted_from = time.time() * 1000 + WARM_UP_S * 1000
    spent = time.process_time()
    told = subprocess.run(
        [*load, "--seconds", str(whole)], stdout=subprocess.PIPE, check=True, timeout=whole + 60
    )
    bench.found["lateness_rate_per_s"] = int(told.stdout)
    spent = time.process_time() - spent
    bench.found["lateness_worker_cores"] = round(spent / whole, 2)
    time.sleep(3)
    late = []
    for partition, start in starts.items():
        for record in reader.read("alerts", partition, start):
            event = orjson.loads(record.value or b"{}")
            if event["data"]["late"] != "attached" and event["type"] == "sla.clock.warning":
                due_ms = np.datetime64(event["time"][:-1], "ms").astype(int)
                if due_ms >= counted_from:
                    late.append(record.append_ms - int(due_ms))
    bench.found["lateness_alerts"] = len(late)
    if late:
        for name, share in (("p50", 50), ("p99", 99), ("max", 100)):
            bench.found[f"lateness_ms_{name}"] = float(np.percentile(late, share))
    running.worker.stop()
    thread.join()


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def save(found: dict[str, Any], command: str) -> Path:
    """Keep the figures with the command that repeats them."""
    path = Path(__file__).parent / "results" / "worker_kafka.json"
    path.write_text(json.dumps({"command": command, **found}, indent=2) + "\n")
    return path
