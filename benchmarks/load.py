"""A steady load from a process of its own: openings at a rate, one in twenty soon due.

`python -m benchmarks.load BOOTSTRAP [--rate N] [--seconds S]` prints the events per second sent.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta

from confluent_kafka import Producer

from sla_engine.cli.steady import stamp

BURST = 200
#: 80 % of a target of 24 h.
WARNED_AFTER = timedelta(hours=19, minutes=12)


def opened(n: int, now: datetime) -> str:
    """One in twenty was opened so long ago that its warning falls due within seconds."""
    if n % 20:
        return stamp(now)
    return stamp(now - WARNED_AFTER + timedelta(seconds=1 + n / 100))


def send(bootstrap: str, rate: int, seconds: int) -> int:
    """Send for so long; events per second that were taken."""
    producer = Producer(
        {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 2}
    )
    begun = time.monotonic()
    sent = 0
    while time.monotonic() - begun < seconds:
        now = datetime.now(UTC)
        due = stamp(now)
        for n in range(BURST):
            value = (
                f'{{"specversion":"1.0","id":"l{sent}-{n}","source":"bench",'
                f'"type":"incident.created","subject":"L{sent}-{n}","time":"{due}",'
                f'"data":{{"priority":"low","opened_at":"{opened(n, now)}"}}}}'
            )
            producer.produce("incidents", value.encode(), f"L{sent}-{n}".encode())
        producer.poll(0)
        sent += BURST
        time.sleep(max(0.0, begun + sent / rate - time.monotonic()))
    taken = round(sent / (time.monotonic() - begun))
    producer.flush(30)
    return taken


def main() -> None:
    """Read the command line and send."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    print(send(options.bootstrap, options.rate, options.seconds))


if __name__ == "__main__":
    main()
