"""Builds delivery: settings and a destination file in, everything connected out."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sla_engine.cli.gateway_wiring import set_up_logging
from sla_engine.cli.wiring import Services, SteadyClock, make_log, open_services
from sla_engine.config.settings import Settings
from sla_engine.deliver.guard import Guard
from sla_engine.deliver.intake import counts
from sla_engine.deliver.lists import Lists
from sla_engine.deliver.longtail import AppriseTransport
from sla_engine.deliver.plan.addresses import MAIL_PORTS, Network, parse_networks
from sla_engine.deliver.plan.desks import desk_of
from sla_engine.deliver.plan.model import Destination, Kind, Plan
from sla_engine.deliver.plan.parse import parse_plan
from sla_engine.deliver.resending import Alertmanager
from sla_engine.deliver.schema import connect
from sla_engine.deliver.sender import Transport
from sla_engine.deliver.service import Delivery
from sla_engine.deliver.smtp import SmtpTransport
from sla_engine.deliver.store import Store
from sla_engine.deliver.transports import (
    HttpTransport,
    LogTransport,
    StandardOutput,
    Web,
    bearer,
    maker,
    secrets_of,
    template_of,
)
from sla_engine.deliver.writeback import DeskTransport
from sla_engine.engine.ports import Clock
from sla_engine.errors import ConfigError, SlaError
from sla_engine.store.locks import FileLock
from sla_engine.telemetry import Metrics, TelemetryServer

FILE = "deliver.db"


def serve(settings: Settings, begin: Any, say: Callable[[str], None]) -> None:
    """Deliver until SIGINT or SIGTERM; then what is on its way is finished."""
    set_up_logging(settings)
    plan = load_plan(settings)
    parse_networks(settings.deliver.allow)
    secrets = secrets_by_name(settings)
    folder = Path(settings.data.dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / "deliver.lock")
    if not lock.try_exclusive():
        raise ConfigError(
            f"a delivery runs in the folder {folder} already; one is enough, and two would send "
            "everything twice"
        )
    metrics = Metrics()
    services = open_services(settings)
    try:
        services.log.ensure_topics(settings.kafka.partitions)
        store = Store(folder / FILE)
        watch(metrics, plan, store.path)
        watched = None
        if settings.telemetry.metrics_port:
            watched = TelemetryServer(
                metrics.render,
                healthy=lambda: None,
                ready=lambda: None,
                port=settings.telemetry.metrics_port,
                bind=settings.telemetry.bind,
            ).start()
        told = f"delivering to {', '.join(plan.destinations)}; Ctrl-C ends it"
        try:
            asyncio.run(_run(services, plan, secrets, store, metrics, begin, lambda: say(told)))
        finally:
            store.close()
            if watched is not None:
                watched.close()
    finally:
        services.close()
        lock.close()


async def _run(
    services: Services,
    plan: Plan,
    secrets: Mapping[str, list[str]],
    store: Store,
    metrics: Metrics,
    begin: Any,
    on_ready: Callable[[], None],
) -> None:
    settings, clock = services.settings, SteadyClock()
    transports = await make_transports(services, plan, secrets, store, clock)
    lists = Lists(Path(settings.data.dir) / "deliver-lists", settings.deliver.lists_url)
    draw = random.Random().random  # noqa: S311  # jitter, no secret
    reader = services.log.reader()
    delivery = Delivery(
        plan, store, reader, transports, lists, clock, draw, metrics, begin, on_ready
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, delivery.stop)
    await delivery.run()


def load_plan(settings: Settings) -> Plan:
    """The destination file of the settings; PolicyErrors for what is wrong in it."""
    path = Path(settings.deliver.file)
    try:
        return parse_plan(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"deliver.file: {path} cannot be read: {error}; write one, docs/delivery.md shows how"
        ) from error


def secrets_by_name(settings: Settings) -> dict[str, list[str]]:
    """The secrets as texts, for what signs or proves with them."""
    found: dict[str, list[str]] = {}
    for name, secret in settings.deliver.secrets:
        found.setdefault(name, []).append(secret.reveal())
    return found


async def make_transports(
    services: Services,
    plan: Plan,
    secrets: Mapping[str, list[str]],
    store: Store,
    clock: Clock,
) -> dict[str, Transport]:
    """What sends to each destination; ConfigError for a secret that is missing."""
    networks = parse_networks(services.settings.deliver.allow)
    found: dict[str, Transport] = {}
    try:
        for name, one in plan.destinations.items():
            found[name] = _transport(services, networks, one, secrets, store, clock)
    except SlaError:
        for made in found.values():
            await made.close()
        raise
    return found


def _transport(
    services: Services,
    networks: Sequence[Network],
    one: Destination,
    secrets: Mapping[str, list[str]],
    store: Store,
    clock: Clock,
) -> Transport:
    if one.kind is Kind.STDOUT:
        return StandardOutput()
    if one.kind is Kind.TOPIC:
        return _topic(services, one)
    if one.kind is Kind.EMAIL:
        password = "".join(secrets_of(one, "secret", secrets)[:1])
        return SmtpTransport(one, Guard(networks, MAIL_PORTS), password, template_of(one.text))
    if one.kind is Kind.APPRISE:
        return AppriseTransport(one, secrets_of(one, "url_secret", secrets), template_of(one.text))
    if one.kind in (Kind.ZENDESK, Kind.JIRA, Kind.SERVICENOW):
        return _desk(Web(networks), one, secrets)
    return _web(Web(networks), one, secrets, store, clock)


def _web(
    web: Web, one: Destination, secrets: Mapping[str, list[str]], store: Store, clock: Clock
) -> Transport:
    url, make = maker(one, secrets)
    transport = HttpTransport(web.client(one, url), make)
    if one.kind is not Kind.ALERTMANAGER:
        return transport
    headers = bearer(secrets_of(one, "secret", secrets))
    return Alertmanager(one, transport, headers, store, clock)


def _desk(web: Web, one: Destination, secrets: Mapping[str, list[str]]) -> DeskTransport:
    (password, *_) = secrets_of(one, "secret", secrets)
    desk = desk_of(one, password)
    note = bool(one.options["note"])
    return DeskTransport(web.client(one, desk.url), desk, template_of(one.text), note=note)


def _topic(services: Services, one: Destination) -> LogTransport:
    """A log whose alerts are the topic of the destination."""
    settings = services.settings
    topic = str(one.options["topic"])
    kafka = settings.kafka
    if topic in (kafka.events, kafka.alerts, kafka.dead, kafka.clocks):
        raise ConfigError(f"destination `{one.name}`: the topic {topic} is the engine's own")
    log = make_log(replace(settings, kafka=replace(kafka, alerts=topic)), services.redis_url)
    log.ensure_topics(kafka.partitions)
    return LogTransport(log.producer())


@contextmanager
def open_queue(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The file of what is owed, beside a delivery that may run."""
    path = Path(settings.data.dir) / FILE
    if not path.exists():
        raise ConfigError(f"{path} is not there: nothing was delivered from this folder yet")
    database = connect(path)
    try:
        yield database
    finally:
        database.close()


def watch(metrics: Metrics, plan: Plan, path: Path) -> None:
    """Let the metrics say how much waits for each destination, when they are scraped."""

    def read(name: str, state: int) -> float:
        database = connect(path)
        try:
            waiting, held, dead = counts(database, name)
        finally:
            database.close()
        return (waiting + held, dead)[state]

    for name in plan.destinations:
        metrics.watch("sla_deliver_waiting", partial(read, name, 0), name)
        metrics.watch("sla_deliver_dead", partial(read, name, 1), name)
