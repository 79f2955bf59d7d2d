"""`sla-engine send`: put events, and the time, on the log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import click
import orjson

from sla_engine.cli.common import load, say
from sla_engine.engine.ports import OutRecord, Producer

#: Types that every partition gets a copy of (contracts section 1).
CONTROL = ("customer.updated", "policy.published", "sla.time")


@click.command(
    epilog="""\b
Examples:
  sla-engine send events.jsonl
  echo '{"type":"incident.created","subject":"4711","data":{"priority":"high"}}' | sla-engine send -
"""
)
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--rate", type=float, help="At most that many events per second.")
@click.option("--until", help="Then an sla.time at this instant (RFC 3339).")
@click.option("--config", type=click.Path(path_type=Path), help="Settings (sla-engine.toml).")
def send(file: Path, rate: float | None, until: str | None, config: Path | None) -> None:
    """Put the events of FILE (JSON lines, - is stdin) on the log.

    What an event leaves out is filled in: specversion, id, source and time (now).
    """
    settings = load(config, {})
    from sla_engine.cli.wiring import open_services

    services = open_services(settings)
    try:
        identity = services.log.ensure_topics(settings.kafka.partitions)
        producer = services.log.producer()
        failed: list[str] = []
        sent = 0
        started = time.monotonic()
        for event in events_of(file, until):
            put(producer, event, identity.partitions, failed)
            sent += 1
            if rate:
                time.sleep(max(0.0, started + sent / rate - time.monotonic()))
        left = producer.flush(30)
        producer.close()
        if left or failed:
            raise click.ClickException(
                f"{left + len(failed)} of {sent} events were not taken by the log"
                + (f": {failed[0]}" if failed else "")
            )
        say(f"{sent} events sent")
    finally:
        services.close()


def events_of(file: Path, until: str | None) -> Iterator[bytes]:
    """The events of a file as bytes, completed; then the time."""
    stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    with stream:
        for line in stream:
            if line.strip():
                yield completed(line)
    if until is not None:
        event = {"type": "sla.time", "subject": "time", "time": until, "data": {}}
        yield completed(orjson.dumps(event))


def completed(line: bytes) -> bytes:
    """A line with what it left out; anything that is no JSON object goes as it is."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line.strip()
    if not isinstance(event, dict):
        return line.strip()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"specversion": "1.0", "id": str(uuid4()), "source": "sla-engine-send", **event}
    whole.setdefault("time", now)
    return orjson.dumps(whole)


def put(producer: Producer, value: bytes, partitions: int, failed: list[str]) -> None:
    """One event on the log: by its incident's key, control records on every partition."""

    def acked(record: OutRecord, offset: int | None, error: str) -> None:
        if error:
            failed.append(error)

    event: object = None
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        event = None
    kind = event.get("type") if isinstance(event, dict) else None
    if kind in CONTROL:
        for partition in range(partitions):
            producer.produce(OutRecord("events", partition, None, value), acked)
        return
    subject = event.get("subject") if isinstance(event, dict) else None
    key = str(subject).encode() if subject is not None else None
    producer.produce(OutRecord("events", None, key, value), acked)
