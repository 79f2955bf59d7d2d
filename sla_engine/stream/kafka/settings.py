"""How to reach Kafka, in one value: the same for the consumer, the producer and the admin calls."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sla_engine.errors import ConfigError

MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
ROLES: Final = ("events", "alerts", "dead", "clocks")


@dataclass(frozen=True, slots=True)
class Security:
    """TLS and SASL. `mechanism` "" means no SASL; files are PEM, "" means none or the system's."""

    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    mechanism: str = ""
    username: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if self.mechanism and self.mechanism not in MECHANISMS:
            raise ConfigError(
                f"the SASL mechanism {self.mechanism!r} is none of {', '.join(MECHANISMS)}"
            )
        if self.mechanism and not self.username:
            raise ConfigError(f"SASL {self.mechanism} needs a user name and a password")
        if (self.ca_file or self.cert_file) and not self.tls:
            raise ConfigError("certificates are given, but TLS is off: set tls = true")

    @property
    def protocol(self) -> str:
        """Kafka's name for the combination."""
        return ("SASL_" if self.mechanism else "") + ("SSL" if self.tls else "PLAINTEXT")

    def ssl_context(self) -> ssl.SSLContext | None:
        """For the consumer; None without TLS. ConfigError when a file cannot be read."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"the TLS files of Kafka cannot be used: {error}") from error
        return context

    def librdkafka(self) -> dict[str, str]:
        """The same as settings of librdkafka."""
        settings = {"security.protocol": self.protocol}
        if self.mechanism:
            settings["sasl.mechanism"] = self.mechanism
            settings["sasl.username"] = self.username
            settings["sasl.password"] = self.password
        files = {
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.cert_file,
            "ssl.key.location": self.key_file,
        }
        return settings | {name: file for name, file in files.items() if file}


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """The section `[kafka]` of contracts section 5, and the times that govern membership."""

    brokers: str
    topics: Mapping[str, str]
    """Role (`events`, `alerts`, `dead`, maybe `clocks`) -> topic name."""
    group: str = "sla-engine"
    client_id: str = "sla-engine"
    replication: int = -1
    """-1: the broker's own default."""
    create_topics: bool = True
    compression: str = "none"
    """Of what the engine produces."""
    security: Security = Security()
    session_timeout_ms: int = 6_000
    heartbeat_ms: int = 1_000
    rebalance_timeout_ms: int = 60_000
    commit_interval_ms: int = 3_000
    fetch_wait_ms: int = 250
    """How long the broker keeps an empty answer: `end_seen` comes at least this often."""
    check_crcs: bool = True

    def __post_init__(self) -> None:
        if not self.server_list():
            raise ConfigError("kafka.brokers is empty: give host:port, several with commas")
        for name in self.topics:
            if name not in ROLES:
                raise ConfigError(f"no topic has the role {name!r}; the roles are {ROLES}")
        if self.compression not in CODECS:
            raise ConfigError(f"kafka.compression {self.compression!r} is none of {CODECS}")
        if self.heartbeat_ms * 3 > self.session_timeout_ms:
            raise ConfigError(
                f"the session timeout ({self.session_timeout_ms} ms) must be at least three"
                f" heartbeats ({self.heartbeat_ms} ms each)"
            )

    def server_list(self) -> list[str]:
        """The brokers one by one, each with a port."""
        names = [name.strip() for name in self.brokers.split(",") if name.strip()]
        return [name if name.rpartition(":")[2].isdecimal() else f"{name}:9092" for name in names]

    def aiokafka_security(self) -> dict[str, Any]:
        """TLS and SASL as arguments of aiokafka's clients."""
        security = self.security
        arguments: dict[str, Any] = {
            "security_protocol": security.protocol,
            "ssl_context": security.ssl_context(),
        }
        if security.mechanism:
            arguments["sasl_mechanism"] = security.mechanism
            arguments["sasl_plain_username"] = security.username
            arguments["sasl_plain_password"] = security.password
        return arguments

    def topic(self, role: str) -> str:
        """The topic with that role."""
        try:
            return self.topics[role]
        except KeyError:
            raise ConfigError(f"no topic is configured for {role!r}") from None

    def librdkafka(self, suffix: str) -> dict[str, Any]:
        """Settings every client of librdkafka gets; its own log is silent, errors are reported."""
        return {
            "bootstrap.servers": ",".join(self.server_list()),
            "client.id": f"{self.client_id}-{suffix}",
            "log_level": 0,
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 2_000,
            **self.security.librdkafka(),
        }
