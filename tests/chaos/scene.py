"""One run under faults: broker, Redis, two workers, a load; then the verdict."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sla_engine.cli.publish import publish
from sla_engine.errors import StoreUnavailable
from sla_engine.policy import load_text
from sla_engine.store.redis_store import RedisStore
from sla_engine.stream.kafka.log import kafka_log
from tests.chaos.checker import Verdict, judge, read_topic
from tests.chaos.crew import Crew
from tests.chaos.load import DRAIN_S, POLICIES, Load
from tests.chaos.state import stored_state
from tests.chaos.writes import Watch, Writes
from tests.services.kafka import KafkaBroker
from tests.services.process import ServerFailed
from tests.services.redis import RedisServer

PARTITIONS = 4
WORKERS = ("ann", "ben")
SETTLED_WITHIN_S = 180.0


class Scene:
    """Everything that a fault may hit, by name."""

    def __init__(
        self,
        broker: KafkaBroker,
        redis: RedisServer,
        folder: Path,
        name: str,
        *,
        policies: str = POLICIES,
        defect: str = "",
        measured: bool = False,
    ) -> None:
        """`measured`: seconds count, so Redis is not watched and checkpoints are as usual."""
        self.policies = policies
        self.published: list[tuple[int, str]] = []
        self.broker = broker
        self.redis = redis
        self.name = name
        self.log = kafka_log(
            broker.bootstrap,
            events=f"{name}-events",
            alerts=f"{name}-alerts",
            dead=f"{name}-dead",
            group=name,
        )
        self.identity = self.log.ensure_topics(PARTITIONS)
        settings = {
            "SLA_KAFKA__BROKERS": broker.bootstrap,
            "SLA_KAFKA__EVENTS": f"{name}-events",
            "SLA_KAFKA__ALERTS": f"{name}-alerts",
            "SLA_KAFKA__DEAD": f"{name}-dead",
            "SLA_KAFKA__GROUP": name,
            "SLA_KAFKA__PARTITIONS": str(PARTITIONS),
            "SLA_REDIS__URL": redis.url,
        }
        if not measured:
            settings["SLA_CHECKPOINT_MS"] = "1500"
        self.crew = Crew(folder, policies, settings, defect=defect)
        self.watch = None if measured else Watch(redis.socket)

    def begin(self, rate: float, seed: int) -> Load:
        """Start the workers, wait until they own something, start the load."""
        self.start_workers()
        return Load(self.broker.bootstrap, f"{self.name}-events", rate=rate, seed=seed)

    def start_workers(self) -> None:
        """Two, and each owns something."""
        for worker in WORKERS:
            self.crew.start(worker)
        for worker in WORKERS:
            self.crew.wait_owning(worker)

    def kill_one(self, rng: random.Random) -> str:
        """kill -9 at a random moment, and a new process in its place."""
        name = rng.choice(WORKERS)
        time.sleep(rng.uniform(0.0, 2.0))
        self.crew.workers[name].kill()
        self.crew.start(name)
        self.crew.wait_owning(name)
        return name

    def publish(self, policies: str) -> None:
        """Edit the files and bring them into force, as somebody at the desk would."""
        self.crew.write_policies(policies)
        store, producer = RedisStore(self.redis.url), self.log.producer()
        try:
            begin = publish(store, producer, self.identity, load_text(policies))
        finally:
            store.close()
            producer.close()
        assert begin is not None, "nothing was edited"
        self.published.append((begin, policies))

    def die_at(self, failpoint: str, passing: int, within_s: float = 90.0) -> bool:
        """Start a worker that dies at a failpoint; whether it came to pass in time."""
        name = WORKERS[0]
        self.crew.workers[name].kill()
        worker = self.crew.start(name, SLA_FAILPOINT=f"{failpoint}:{passing}")
        ended = time.monotonic() + within_s
        while worker.running and time.monotonic() < ended:
            time.sleep(0.05)
        died = not worker.running
        if not died:
            worker.kill()
        self.crew.start(name)
        self.crew.wait_owning(name)
        return died

    def supervise(self, seconds: float) -> list[str]:
        """Let time pass; start again whoever ends by itself."""
        revived = []
        ended = time.monotonic() + seconds
        while time.monotonic() < ended:
            revived += self.crew.revive()
            time.sleep(0.2)
        return revived

    def end(self, load: Load, keep: Path | None = None) -> Verdict:
        """Stop the load, let the last clocks run out, stop the workers, judge.

        `keep`: a folder for the ledger, the receiver's log and the clocks, as JSON lines.
        """
        load.stop()
        assert not load.failed, load.failed[:3]
        until_ms = time.time_ns() // 1_000_000 + int(DRAIN_S * 1000)
        self.supervise(DRAIN_S)
        self.wait_quiet()
        self.crew.stop()
        writes = self.watch.stop() if self.watch is not None else Writes()
        alerts = read_topic(self.broker.bootstrap, f"{self.name}-alerts")
        dead = read_topic(self.broker.bootstrap, f"{self.name}-dead")
        stored = stored_state(self.redis.url, self.identity, self.policies, until_ms)
        if keep is not None:
            kept = {"events": load.accepted, "alerts": alerts, "clocks": stored.clocks}
            for title, rows in kept.items():
                lines = "".join(json.dumps(row) + "\n" for row in rows)
                (keep / f"{self.name}-{title}.jsonl").write_text(lines)
        verdict = judge(self.policies, load.accepted, until_ms, alerts, stored, self.published)
        verdict.dead = len(dead)
        verdict.writes = writes
        return verdict

    def wait_quiet(self) -> None:
        """Until every event is read and no alert has come for some seconds."""
        reader = self.log.reader()
        deadline = time.monotonic() + SETTLED_WITHIN_S
        before: list[int] = []
        quiet = 0
        while quiet < 6:
            if time.monotonic() > deadline:
                raise ServerFailed(f"the workers did not settle:\n{self.crew.tails()}")
            self.supervise(1.0)
            ends = [reader.bounds("alerts", n)[1] for n in range(PARTITIONS)]
            quiet = quiet + 1 if ends == before and self.has_read_all() else 0
            before = ends

    def has_read_all(self) -> bool:
        """Whether every event on the log is in the store; a store too busy to answer: not yet."""
        reader = self.log.reader()
        store = RedisStore(self.redis.url)
        try:
            return all(
                store.header(n)[0].next_offset == reader.bounds("events", n)[1]
                for n in range(PARTITIONS)
            )
        except StoreUnavailable:
            return False
        finally:
            store.close()


@contextmanager
def scene(
    broker: KafkaBroker,
    redis: RedisServer,
    name: str,
    *,
    policies: str = POLICIES,
    defect: str = "",
    measured: bool = False,
) -> Iterator[Scene]:
    """A scene with a folder of its own; its processes end with the block."""
    folder = Path(tempfile.mkdtemp(prefix="sla-chaos-"))
    made = Scene(broker, redis, folder, name, policies=policies, defect=defect, measured=measured)
    try:
        yield made
    finally:
        made.crew.close()
        shutil.rmtree(folder, ignore_errors=True)
