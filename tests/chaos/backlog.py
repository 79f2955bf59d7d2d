"""A restart with a backlog: what was resolved in time while nobody ran may not breach.

Incidents are opened and read, the workers are killed, and half of the incidents are resolved in
time; the other half get a comment, which changes no clock. Then all clocks run out, and only
then workers start again. What must go out follows from the ledger alone: one breach for each
incident of the second half, at its opening + the target + 1 ms.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

from tests.chaos.checker import Verdict, judge, read_topic
from tests.chaos.scene import Scene
from tests.chaos.state import stored_state
from tests.services.waiting import wait_until

Event = dict[str, Any]
#: After the clocks have run out, before anybody looks.
AFTER_S = 2.0
#: How many incidents the reference fold looks at.
SAMPLE = 2_000


def policies(target_s: int) -> str:
    """One clock, no ladder: an alert is a breach."""
    return f"policies: [{{name: all, clocks: {{resolution: {{target: {target_s}s}}}}}}]"


@dataclass
class Caught:
    """How the restart went; `false` and `missing` are incidents, `sample` what the fold says.

    Seconds count from the start of the two processes.
    """

    unread: int
    breaches: int = 0
    false: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    sample: Verdict = field(default_factory=Verdict)
    claimed_s: float = 0.0
    read_s: float = 0.0
    sent_s: float = 0.0

    @property
    def is_right(self) -> bool:
        """No false breach, none missing, nothing else said, and the sample as the fold has it."""
        return not (self.false or self.missing or self.others) and self.sample.is_right

    def text(self) -> str:
        """The figures in lines."""
        sample = self.sample
        return "\n".join(
            (
                f"unread events         {self.unread}; both workers own partitions after "
                f"{self.claimed_s:.1f} s, all is read after {self.read_s:.1f} s",
                f"breaches due          {self.breaches}, all have left after {self.sent_s:.1f} s",
                f"false breaches        {len(self.false)} {self.false[:3]}",
                f"missing               {len(self.missing)} {self.missing[:3]}",
                f"other alerts          {len(self.others)} {self.others[:3]}",
                f"sample of the fold    {sample.due} alerts, {sample.clocks} clocks; "
                f"{'right' if sample.is_right else sample.text()}",
            )
        )


class Sender:
    """Sends events of now, as fast as it can; `sent` is the ledger."""

    def __init__(self, scene: Scene) -> None:
        self.sent: list[Event] = []
        self._topic = f"{scene.name}-events"
        self._producer = Producer(
            {
                "bootstrap.servers": scene.broker.bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "queue.buffering.max.messages": 1_000_000,
                "linger.ms": 20,
            }
        )

    def send(self, each: Iterable[tuple[str, int, Event]]) -> None:
        """(type, number of the incident, data); returns when the broker has them all."""
        for kind, number, data in each:
            sequence = len(self.sent) + 1
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            event = {
                "specversion": "1.0",
                "id": str(sequence),
                "source": "desk",
                "sequence": str(sequence),
                "type": f"incident.{kind}",
                "subject": f"I{number}",
                "time": now,
                "data": data,
            }
            self.sent.append(event)
            self._producer.produce(self._topic, json.dumps(event).encode(), f"I{number}".encode())
            self._producer.poll(0)
        assert not self._producer.flush(120), "the broker took not all events"


def caught_up(scene: Scene, unread: int, target_s: int) -> Caught:
    """Open `unread` incidents, kill, send the backlog, let the clocks run out, start again."""
    sender = Sender(scene)
    scene.start_workers()
    opened = time.monotonic()
    sender.send(("created", n, {"team": "noc"}) for n in range(unread))
    over = time.monotonic() + target_s + AFTER_S
    wait_until(scene.has_read_all, "the workers read what was opened", target_s)
    for worker in scene.crew.workers.values():
        worker.kill()
    sender.send(
        ("commented", n, {"author": "agent"}) if n % 2 else ("resolved", n, {})
        for n in range(unread)
    )
    took = time.monotonic() - opened
    assert took < target_s, f"this machine is too slow for the test: {took:.0f} s of {target_s}"
    wait_until(lambda: time.monotonic() > over, "the clocks run out", target_s + 60)
    return _restarted(scene, sender.sent, unread)


def _restarted(scene: Scene, ledger: list[Event], unread: int) -> Caught:
    caught = Caught(unread, breaches=unread // 2)
    begun = time.monotonic()
    scene.start_workers()
    caught.claimed_s = time.monotonic() - begun
    wait_until(scene.has_read_all, "the backlog is read", 300)
    caught.read_s = time.monotonic() - begun
    reader = scene.log.reader()

    def have_left() -> bool:
        ends = [reader.bounds("alerts", n)[1] for n in range(scene.identity.partitions)]
        return sum(ends) >= caught.breaches

    wait_until(have_left, "every breach has left", 300)
    caught.sent_s = time.monotonic() - begun
    scene.wait_quiet()
    scene.crew.stop()
    alerts = read_topic(scene.broker.bootstrap, f"{scene.name}-alerts")
    _judge(scene, caught, ledger, alerts)
    return caught


def _judge(scene: Scene, caught: Caught, ledger: list[Event], alerts: list[Event]) -> None:
    breached = {a["subject"] for a in alerts if a["type"] == "sla.clock.breached"}
    due = {f"I{n}" for n in range(1, caught.unread, 2)}
    caught.false = sorted(breached - due)
    caught.missing = sorted(due - breached)
    caught.others = [a["id"] for a in alerts if a["type"] != "sla.clock.breached"]
    until_ms = time.time_ns() // 1_000_000
    every = max(1, caught.unread // SAMPLE)
    stored = stored_state(scene.redis.url, scene.identity, scene.policies, until_ms, every=every)
    caught.sample = judge(
        scene.policies,
        [event for event in ledger if event["subject"] in stored.arrived],
        until_ms,
        [alert for alert in alerts if alert["subject"] in stored.arrived],
        stored,
    )
