"""Builds the gateway: settings in, a listening server on the log out."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sla_engine.cli.served import serve_on
from sla_engine.cli.sources import source_named
from sla_engine.cli.wiring import SteadyClock, open_services
from sla_engine.config import secret_texts
from sla_engine.config.settings import Settings
from sla_engine.errors import ConfigError, SlaError
from sla_engine.ingest.app import build_app
from sla_engine.ingest.door import Door, DoorSettings
from sla_engine.ingest.hooks import Hook, Hooks
from sla_engine.ingest.server import is_loopback, listen, make_server
from sla_engine.ingest.tokens import Tokens
from sla_engine.limits import LOG_TIMEOUT_MS
from sla_engine.source.model import Source
from sla_engine.telemetry import Metrics, configure_logging

log = logging.getLogger(__name__)


def serve(load: Callable[[], Settings], say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; then what is on its way is finished.

    At SIGHUP the settings are loaded again, and what they say about senders counts.
    """
    settings = load()
    set_up_logging(settings)
    tokens, hooks = senders(settings)
    metrics = Metrics()
    services = open_services(settings)
    try:
        identity = services.log.ensure_topics(settings.kafka.partitions)
        producer = services.log.producer()
        try:
            door = Door(
                producer,
                identity.partitions,
                SteadyClock(),
                metrics,
                tokens,
                hooks,
                door_settings(settings),
            )
            run(settings, door, metrics, say, lambda: admit_again(door, load))
        finally:
            producer.flush(LOG_TIMEOUT_MS / 1000)
            producer.close()
    finally:
        services.close()


def set_up_logging(settings: Settings) -> None:
    """As the settings say; their secrets appear in no line."""
    telemetry = settings.telemetry
    secrets = secret_texts(settings)
    configure_logging(telemetry.log_format, telemetry.log_level, secrets=secrets)


def senders(settings: Settings, before: Hooks | None = None) -> tuple[Tokens, Hooks]:
    """Who may send, by the settings; hooks go on knowing what they had taken `before`."""
    tokens = Tokens(settings.gateway.tokens)
    hooks = make_hooks(settings, tokens, before or Hooks((), tokens))
    check_senders(settings, tokens.names | hooks.names)
    return tokens, hooks


def admit_again(door: Door, load: Callable[[], Settings]) -> None:
    """Take tokens, hooks, secrets and tenants from the settings as they are now."""
    try:
        settings = load()
        tokens, hooks = senders(settings, door.hooks)
    except SlaError as error:
        log.error("the senders stay as they were", extra={"why": str(error)})
        return
    set_up_logging(settings)
    door.admit(tokens, hooks, dict(settings.gateway.tenants))
    log.warning("the senders are those of the settings now")


def make_hooks(settings: Settings, tokens: Tokens, before: Hooks) -> Hooks:
    """The hooks of the settings; ConfigError for a vendor that is not known, or no proof."""
    secrets: dict[str, list[bytes]] = {name: [] for name, _ in settings.gateway.hooks}
    for name, secret in settings.gateway.secrets:
        if name not in secrets:
            raise ConfigError(f"gateway.secrets: {name} is not in gateway.hooks")
        secrets[name].append(secret.reveal().encode())
    hooks = []
    for name, kind in settings.gateway.hooks:
        source, proofs = source_of(name, kind), before.proofs_of(name)
        hooks.append(Hook(name, source, tuple(secrets[name]), proofs))
    return Hooks(hooks, tokens)


def source_of(name: str, kind: str) -> Source:
    """The vendor of a hook; ConfigError or PolicyErrors as `source_named` says, with its name."""
    try:
        return source_named(kind)
    except ConfigError as error:
        raise ConfigError(f"gateway.hooks: {name}={error.message}") from error


def check_senders(settings: Settings, known: set[str]) -> None:
    """ConfigError if nobody could send anything, or a tenant is for nobody."""
    if not known:
        raise ConfigError(
            "gateway: nobody may send; run `sla-engine gateway --new-token NAME` and put the entry "
            "it prints into gateway.tokens"
        )
    for name, _ in settings.gateway.tenants:
        if name not in known:
            raise ConfigError(
                f"gateway.tenants: {name} is neither in gateway.tokens nor in gateway.hooks"
            )


def door_settings(settings: Settings) -> DoorSettings:
    """What the door needs of the settings."""
    by_events = settings.time.source == "events"
    return DoorSettings(
        rate=settings.gateway.rate,
        in_flight=settings.gateway.in_flight,
        max_future_ms=None if by_events else settings.time.max_future_ms,
        tenants=dict(settings.gateway.tenants),
    )


def run(
    settings: Settings,
    door: Door,
    metrics: Metrics,
    say: Callable[[str], None],
    on_hangup: Callable[[], None],
) -> None:
    """Listen, say where, and serve."""
    bind = settings.gateway.bind
    # What the engine tells about itself is for this machine; elsewhere telemetry.bind decides.
    app = build_app(door, metrics.render if is_loopback(bind) else None)
    sock = listen(bind, settings.gateway.port)
    with sock:
        server = make_server(app)
        server.on_hangup = on_hangup
        serve_on(sock, bind, server, settings, metrics, lambda: None, say)
