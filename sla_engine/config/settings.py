"""Every setting, declared once: name, default, kind with unit, and what it does.

A field `NAME` of the section `SECTION` is `[section] name` in the file and `SLA_SECTION__NAME` in
the environment; the suffix `_ms` of a field tells its unit and is not part of the setting's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from sla_engine.config import kinds
from sla_engine.config.kinds import Kind
from sla_engine.config.secret import Secret, SecretUrl
from sla_engine.limits import (
    GATEWAY_IN_FLIGHT_MAX,
    GATEWAY_RATE,
    HORIZON_MS,
    MAX_FUTURE_MS,
    MAX_HOLD_MS,
    RETENTION_MS,
)


def setting(kind: Kind, default: Any, help_text: str) -> Any:
    """A dataclass field that carries its kind and its help."""
    return field(default=default, metadata={"kind": kind, "help": help_text})


@dataclass(frozen=True, slots=True)
class Kafka:
    """The event log and the topics written to; without brokers the log is on Redis Streams."""

    brokers: tuple[str, ...] = setting(
        kinds.BROKERS, (), "Bootstrap addresses. Empty: Redis Streams carry the events."
    )
    events: str = setting(kinds.TOPIC, "incidents", "Topic the events come from.")
    alerts: str = setting(kinds.TOPIC, "alerts", "Topic the alerts go to; it uses LogAppendTime.")
    dead: str = setting(kinds.TOPIC, "incidents.dead", "Topic refused events go to, as they came.")
    clocks: str = setting(
        kinds.TOPIC_OR_NONE, "", "Compacted topic of clocks as reported. Empty: not written."
    )
    group: str = setting(kinds.NAME, "sla-engine", "Consumer group that the workers share.")
    partitions: int = setting(
        kinds.whole(1, 10_000),
        16,
        "Partitions of events and alerts when they are created; fixed once state exists.",
    )
    replication: int = setting(
        kinds.whole(0, 32), 0, "Replicas of a created topic. 0: the broker's own default."
    )
    create_topics: bool = setting(kinds.FLAG, True, "Create the topics that are missing.")
    client_id: str = setting(kinds.NAME, "sla-engine", "Name shown in the brokers' logs.")
    compression: str = setting(
        kinds.choice("none", "gzip", "snappy", "lz4", "zstd"),
        "none",
        "Codec of what is written; all of them are read.",
    )
    security_protocol: str = setting(
        kinds.choice("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        "PLAINTEXT",
        "How brokers are spoken to.",
    )
    sasl_mechanism: str = setting(
        kinds.choice("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        "SCRAM-SHA-512",
        "How the engine proves who it is, with a SASL_ protocol.",
    )
    sasl_username: str = setting(kinds.TEXT, "", "User name, with a SASL_ protocol.")
    sasl_password: Secret = setting(kinds.SECRET, Secret(), "Password, with a SASL_ protocol.")
    tls_ca: str = setting(
        kinds.PATH, "", "PEM file of the authorities to trust. Empty: the system's."
    )
    tls_cert: str = setting(kinds.PATH, "", "PEM file of the engine's own certificate.")
    tls_key: str = setting(kinds.PATH, "", "PEM file of that certificate's key.")


@dataclass(frozen=True, slots=True)
class Redis:
    """Where state is durable; without an address the engine starts a private server."""

    url: SecretUrl = setting(
        kinds.REDIS_URL, SecretUrl(), "Address. Empty: a private server in the data folder."
    )
    allow_unsafe: bool = setting(
        kinds.FLAG, False, "Accept a server that evicts or does not persist: state may vanish."
    )


@dataclass(frozen=True, slots=True)
class Data:
    """What lies on this machine."""

    dir: str = setting(kinds.FOLDER, "data", "Folder of the private server.")


@dataclass(frozen=True, slots=True)
class Policies:
    """Where the promises are written down."""

    dir: str = setting(kinds.FOLDER, "policies", "Folder of the policy files.")


@dataclass(frozen=True, slots=True)
class Engine:
    """How events are taken."""

    actors: tuple[str, ...] = setting(
        kinds.ITEMS,
        ("sla-engine",),
        "Actors whose events are echoes of the engine's own actions, never replies.",
    )


@dataclass(frozen=True, slots=True)
class Time:
    """What time it is for the engine."""

    source: str = setting(
        kinds.choice("wall", "events"),
        "wall",
        "`wall`: the machine's clock; `events`: time moves with the events alone.",
    )
    max_future_ms: int = setting(
        kinds.DURATION, MAX_FUTURE_MS, "How far ahead of the clock an event's time may be."
    )
    max_hold_ms: int = setting(
        kinds.DURATION, MAX_HOLD_MS, "How long a silent log holds due timers back."
    )


@dataclass(frozen=True, slots=True)
class Lateness:
    """Events that come late."""

    horizon_ms: int = setting(
        kinds.DURATION, HORIZON_MS, "How far behind its incident's newest event one may come."
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept."""

    finished_ms: int = setting(
        kinds.DURATION, RETENTION_MS, "How long a finished incident stays explainable."
    )


@dataclass(frozen=True, slots=True)
class Alerts:
    """What leaves the engine."""

    not_before_ms: int | None = setting(
        kinds.INSTANT, None, "Alerts with an earlier time are recorded, not sent. Empty: all are."
    )
    attributes: tuple[str, ...] = setting(
        kinds.ITEMS, (), "Attributes of the incident that alerts carry; never personal ones."
    )


@dataclass(frozen=True, slots=True)
class Gateway:
    """Events over HTTP: who may send them, and how many."""

    bind: str = setting(kinds.NAME, "127.0.0.1", "Address that the gateway listens on.")
    port: int = setting(kinds.whole(0, 65_535), 8080, "Its port. 0: any free one.")
    tokens: tuple[tuple[str, str], ...] = setting(
        kinds.PAIRS,
        (),
        "Who may send events: a name and the SHA-256 of its bearer token in hex, as "
        "`sla-engine gateway --new-token NAME` prints it.",
    )
    hooks: tuple[tuple[str, str], ...] = setting(
        kinds.PAIRS,
        (),
        "Webhooks: the name in `/v1/hooks/NAME`, and whose payloads come there: a vendor's name, "
        "or a mapping file (`*.yaml`).",
    )
    secrets: tuple[tuple[str, Secret], ...] = setting(
        kinds.SECRET_PAIRS,
        (),
        "Secrets that the hooks' signatures are made with, two per hook while one is changed.",
    )
    tenants: tuple[tuple[str, str], ...] = setting(
        kinds.PAIRS, (), "The one tenant that a token or a hook may send for."
    )
    rate: int = setting(
        kinds.whole(1, 1_000_000), GATEWAY_RATE, "Events per second that one source may send."
    )
    in_flight: int = setting(
        kinds.whole(1, 100_000),
        GATEWAY_IN_FLIGHT_MAX,
        "Events that wait for the log at most; more are told to come again.",
    )


@dataclass(frozen=True, slots=True)
class Deliver:
    """Alerts to people and systems: where the destinations stand, and what they need."""

    file: str = setting(kinds.NAME, "deliver.yaml", "The destination file.")
    secrets: tuple[tuple[str, Secret], ...] = setting(
        kinds.SECRET_PAIRS,
        (),
        "Secrets by the names that the destination file gives them; several of one name sign each.",
    )
    allow: tuple[str, ...] = setting(
        kinds.ITEMS,
        (),
        "Networks of one's own that may be connected to, on any port and without TLS, like "
        "10.0.0.0/8. Others: public addresses over TLS.",
    )
    lists_url: str = setting(
        kinds.TEXT, "", "Where a web server shows the folder deliver-lists of the data folder."
    )


@dataclass(frozen=True, slots=True)
class Api:
    """What the engine knows, over HTTP. Its tokens are made by `sla-engine token new`."""

    bind: str = setting(kinds.NAME, "127.0.0.1", "Address that the API listens on.")
    port: int = setting(kinds.whole(0, 65_535), 8081, "Its port. 0: any free one.")


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the engine tells about itself."""

    log_format: str = setting(
        kinds.choice("console", "json"), "console", "Log lines for people or for programs."
    )
    log_level: str = setting(
        kinds.choice("debug", "info", "warning", "error"), "info", "Least level that is written."
    )
    metrics_port: int = setting(
        kinds.whole(0, 65_535), 0, "Port of /metrics, /healthz and /readyz. 0: none."
    )
    bind: str = setting(kinds.NAME, "127.0.0.1", "Address that port is opened on.")


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections, in the order in which they are documented."""

    kafka: Kafka = field(default_factory=Kafka)
    redis: Redis = field(default_factory=Redis)
    data: Data = field(default_factory=Data)
    policies: Policies = field(default_factory=Policies)
    engine: Engine = field(default_factory=Engine)
    time: Time = field(default_factory=Time)
    lateness: Lateness = field(default_factory=Lateness)
    retention: Retention = field(default_factory=Retention)
    alerts: Alerts = field(default_factory=Alerts)
    gateway: Gateway = field(default_factory=Gateway)
    deliver: Deliver = field(default_factory=Deliver)
    api: Api = field(default_factory=Api)
    telemetry: Telemetry = field(default_factory=Telemetry)


SECTIONS: dict[str, type[Any]] = {
    "kafka": Kafka,
    "redis": Redis,
    "data": Data,
    "policies": Policies,
    "engine": Engine,
    "time": Time,
    "lateness": Lateness,
    "retention": Retention,
    "alerts": Alerts,
    "gateway": Gateway,
    "deliver": Deliver,
    "api": Api,
    "telemetry": Telemetry,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting as declared: `section.key`, the field that holds it, kind, default and help."""

    section: str
    key: str
    attribute: str
    kind: Kind
    default: object
    help: str

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"SLA_{self.section.upper()}__{self.key.upper()}"


def declared() -> Iterator[Declared]:
    """Every setting in the order of the documentation."""
    for section, kind in SECTIONS.items():
        for item in fields(kind):
            yield Declared(
                section,
                item.name.removesuffix("_ms"),
                item.name,
                item.metadata["kind"],
                item.default,
                item.metadata["help"],
            )
