"""Builds the API: settings in, a follower and a listening server out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sla_engine.api.app import build_app
from sla_engine.api.commands import Commands
from sla_engine.api.reads import Reads
from sla_engine.api.service import Api
from sla_engine.api.stream import Ends, Streams
from sla_engine.cli.gateway_wiring import set_up_logging
from sla_engine.cli.live_clocks import following
from sla_engine.cli.served import serve_on
from sla_engine.cli.wiring import SteadyClock
from sla_engine.config.settings import Settings
from sla_engine.follow.thread import Following
from sla_engine.ingest.intake import Intake
from sla_engine.ingest.server import is_loopback, listen, make_server
from sla_engine.limits import LOG_TIMEOUT_MS
from sla_engine.store.keeper import RedisKeeper
from sla_engine.telemetry import Metrics


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; alert streams are ended, other requests are finished."""
    set_up_logging(settings)
    metrics = Metrics()
    bind = settings.api.bind
    with opened(settings, metrics) as api, listen(bind, settings.api.port, "api") as sock:
        app = build_app(api, metrics.render if is_loopback(bind) else None)
        server = make_server(app)
        server.on_exit = api.streams.ends.end
        serve_on(sock, bind, server, settings, metrics, api.not_ready, say)


@contextmanager
def opened(settings: Settings, metrics: Metrics) -> Iterator[Api]:
    """What the API works with, following already."""
    with following(settings) as (services, model):
        partitions = len(model.shelves)
        reader = services.log.reader()
        producer = services.log.producer()
        keeper = RedisKeeper(services.redis_url)
        follower = Following(model).start()
        ends = Ends(reader, partitions).start()
        try:
            intake = Intake(producer, partitions, settings.gateway.in_flight)
            yield Api(
                Reads(model, settings.alerts.attributes),
                Commands(intake, keeper, settings.engine.actors),
                keeper,
                Streams(ends),
                reader,
                SteadyClock(),
                metrics,
                lambda: follower.not_ready,
            )
        finally:
            ends.stop()
            follower.stop()
            producer.flush(LOG_TIMEOUT_MS / 1000)
            producer.close()
            keeper.close()
