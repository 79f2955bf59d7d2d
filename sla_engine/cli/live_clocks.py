"""Builds what follows the workers and produces their clocks."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sla_engine.cli.gateway_wiring import set_up_logging
from sla_engine.cli.wiring import Services, open_services
from sla_engine.config.settings import Settings
from sla_engine.errors import ConfigError, LogUnavailable
from sla_engine.follow.clocks import ClockStream
from sla_engine.follow.model import Model
from sla_engine.follow.thread import Following
from sla_engine.limits import LOG_TIMEOUT_MS
from sla_engine.policy import load_directory
from sla_engine.store.redis_store import RedisStore


def produce(settings: Settings, say: Callable[[str], None], *, once: bool) -> None:
    """Until SIGINT or SIGTERM, or until the topic is up to date."""
    if not settings.kafka.clocks:
        raise ConfigError("kafka.clocks names no topic: name one, as in SLA_KAFKA__CLOCKS=clocks")
    set_up_logging(settings)
    with following(settings) as (services, model):
        producer = services.log.producer()
        try:
            stream = ClockStream(model, producer, len(model.shelves))
            stream.read(services.log.reader())
            follower = Following(model, stream.take)
            if once:
                while follower.round() or model.behind:
                    pass
                if not stream.flush():
                    raise LogUnavailable("the log did not take every clock; run it again")
                say(f"{stream.produced} records on {settings.kafka.clocks}")
                return
            say(f"following onto {settings.kafka.clocks}; Ctrl-C ends it")
            follower.start()
            until_told_to_stop()
            follower.stop()
        finally:
            producer.flush(LOG_TIMEOUT_MS / 1000)
            producer.close()


@contextmanager
def following(settings: Settings) -> Iterator[tuple[Services, Model]]:
    """The services of the settings, and a model of what their workers know; nothing is loaded."""
    services = open_services(settings)
    try:
        partitions = services.log.ensure_topics(settings.kafka.partitions).partitions
        store = RedisStore(services.redis_url)
        try:
            yield services, Model(store, partitions, lambda: load_directory(settings.policies.dir))
        finally:
            store.close()
    finally:
        services.close()


def until_told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
