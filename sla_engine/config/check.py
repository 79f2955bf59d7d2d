"""What no single setting can tell: settings that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from sla_engine.config.settings import Kafka, Settings
from sla_engine.errors import ConfigError


def check_together(settings: Settings) -> None:
    """Raise ConfigError naming every contradiction, one sentence each."""
    wrong = [*_topics(settings.kafka), *_security(settings.kafka), *_spans(settings)]
    if wrong:
        raise ConfigError("; ".join(wrong))


def _topics(kafka: Kafka) -> Iterator[str]:
    named: dict[str, str] = {}
    for role in ("events", "alerts", "dead", "clocks"):
        topic = getattr(kafka, role)
        if topic and topic in named:
            yield f"kafka.{role} and kafka.{named[topic]} name the same topic; give each its own"
        named[topic] = role


def _security(kafka: Kafka) -> Iterator[str]:
    protocol = kafka.security_protocol
    if protocol.startswith("SASL_"):
        for key in ("sasl_username", "sasl_password"):
            if not getattr(kafka, key):
                yield f"kafka.security_protocol = {protocol} needs kafka.{key}"
    elif kafka.sasl_username or kafka.sasl_password:
        yield (
            f"kafka.sasl_* is set but kafka.security_protocol is {protocol}; "
            "make it SASL_SSL, or SASL_PLAINTEXT on a trusted network"
        )
    if protocol in ("PLAINTEXT", "SASL_PLAINTEXT"):
        if kafka.tls_ca or kafka.tls_cert or kafka.tls_key:
            yield f"kafka.tls_* is set but kafka.security_protocol is {protocol}; make it SSL"
    elif bool(kafka.tls_cert) != bool(kafka.tls_key):
        yield "kafka.tls_cert and kafka.tls_key go together; set both or none"


def _spans(settings: Settings) -> Iterator[str]:
    # Ids of events are remembered as long as the history is kept; an event that may still come
    # must find them there.
    if settings.retention.finished_ms < settings.lateness.horizon_ms:
        yield (
            "retention.finished is shorter than lateness.horizon; a late event would find its "
            "incident forgotten: make it at least as long"
        )
