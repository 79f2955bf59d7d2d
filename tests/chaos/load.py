"""Events of now, sent to Kafka at a steady rate by a client of its own, with a ledger.

Only what the broker acknowledged is in the ledger: those events may not be lost.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

Event = dict[str, Any]

#: Clocks run out within seconds; a third of the incidents is resolved in time.
POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks:
      first_response: {target: 2s}
      resolution: {target: {high: 3s, default: 5s}, pause: status_class == "waiting_customer"}
    escalations:
      - {at: 50%, notify: team}
      - {every: 1s, after: breach, times: 2, page: lead, until: acknowledged}
"""
#: What they are edited to: other targets, pauses, steps, and a clock that was not there.
EDITED = """
recipients: {lead: {}}
policies:
  - name: field
    when: team == "field"
    clocks:
      resolution: {target: 6s, on_edit: MODE}
      acknowledge: {target: 1500ms}
    escalations: [{at: 80%, notify: team}]
  - name: all
    clocks:
      first_response: {target: 1s}
      resolution: {target: {high: 2s, default: 7s}, on_edit: MODE, ladder: live}
    escalations:
      - {at: 75%, notify: team}
      - {every: 1s, after: breach, times: 1, page: lead, until: acknowledged}
"""
#: After the last event, until the last step of the longest ladder.
DRAIN_S = 9.0


class Load:
    """Sends until `stop`; `accepted` is the ledger."""

    def __init__(self, bootstrap: str, topic: str, *, rate: float, seed: int) -> None:
        self.accepted: list[Event] = []
        self.failed: list[str] = []
        self._rng = random.Random(seed)
        self._rate = rate
        self._topic = topic
        self._open: deque[str] = deque(maxlen=200)
        self._count = 0
        self._stop = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "log_level": 0,
                "message.timeout.ms": 120_000,
            }
        )
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more; every event is acknowledged or failed afterwards."""
        self._stop.set()
        self._thread.join()
        assert not self._producer.flush(120), "the broker took not all events"

    def _run(self) -> None:
        begun = time.monotonic()
        while not self._stop.is_set():
            self._send(self._event())
            self._producer.poll(0)
            due = begun + self._count / self._rate
            self._stop.wait(max(0.0, due - time.monotonic()))

    def _send(self, event: Event) -> None:
        self._count += 1
        key, value = event["subject"].encode(), json.dumps(event).encode()
        self._producer.produce(self._topic, value, key, on_delivery=self._delivery(event))

    def _delivery(self, event: Event) -> Callable[[Any, Any], None]:
        def delivered(error: Any, message: Any) -> None:
            if error is None:
                self.accepted.append(event)
            else:
                self.failed.append(str(error))

        return delivered

    def _event(self) -> Event:
        rng = self._rng
        if not self._open or rng.random() < 0.4:
            incident = f"L{self._count}"
            self._open.append(incident)
            data: Event = {"team": "noc", "priority": rng.choice(("high", "normal"))}
            return self._made("incident.created", incident, data)
        incident = rng.choice(self._open)
        kind, data = rng.choice(
            (
                ("incident.resolved", {}),
                ("incident.reopened", {}),
                ("incident.acknowledged", {"by": "kim"}),
                ("incident.commented", {"author": "agent", "public": True}),
                ("incident.updated", {"status": "waiting_customer"}),
                ("incident.updated", {"status": "open"}),
                ("incident.updated", {"priority": rng.choice(("high", "normal"))}),
                ("incident.updated", {"team": "field"}),
            )
        )
        return self._made(kind, incident, data)

    def _made(self, kind: str, incident: str, data: Event) -> Event:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "specversion": "1.0",
            "id": str(self._count),
            "source": "load",
            "sequence": str(self._count),
            "type": kind,
            "subject": incident,
            "time": now,
            "data": data,
        }
