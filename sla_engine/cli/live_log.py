"""Opens the log for verbs that only read it, or put back what it had refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sla_engine.cli.common import load
from sla_engine.cli.wiring import Services, open_services
from sla_engine.engine.ports import LogReader


@dataclass(frozen=True)
class OpenLog:
    """The services, a reader, and how many partitions every topic has."""

    services: Services
    reader: LogReader
    partitions: int


@contextmanager
def open_log(config: Path | None) -> Iterator[OpenLog]:
    """The log of the settings; a log that is not there yet is made, as `run` and `send` do."""
    settings = load(config, {})
    services = open_services(settings)
    try:
        partitions = services.log.ensure_topics(settings.kafka.partitions).partitions
        yield OpenLog(services, services.log.reader(), partitions)
    finally:
        services.close()
