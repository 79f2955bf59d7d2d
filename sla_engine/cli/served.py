"""What the verbs that listen have in common: where they listen, metrics beside it, the end."""

from __future__ import annotations

import socket
from collections.abc import Callable

from sla_engine.config.settings import Settings
from sla_engine.ingest.server import Server
from sla_engine.telemetry import Metrics, TelemetryServer


def serve_on(
    sock: socket.socket,
    bind: str,
    server: Server,
    settings: Settings,
    metrics: Metrics,
    not_ready: Callable[[], str | None],
    say: Callable[[str], None],
) -> None:
    """Say that `sock` listens at `bind` and serve until SIGINT or SIGTERM.

    Metrics have a port of their own. `not_ready` tells why the server, which has started, cannot
    answer yet; None: it can.
    """
    watched = None
    if settings.telemetry.metrics_port:
        watched = TelemetryServer(
            metrics.render,
            healthy=lambda: None,
            ready=lambda: not_ready() if server.started else "not listening yet",
            port=settings.telemetry.metrics_port,
            bind=settings.telemetry.bind,
        ).start()
    try:
        host = f"[{bind}]" if ":" in bind else bind
        say(f"listening on http://{host}:{sock.getsockname()[1]}; Ctrl-C ends it")
        server.run(sockets=[sock])
    finally:
        if watched is not None:
            watched.close()
