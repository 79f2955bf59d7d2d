"""Errors of librdkafka, turned into the engine's own; the codes are shared with aiokafka's."""

from __future__ import annotations

from typing import Final

from confluent_kafka import KafkaError

from sla_engine.errors import LogError, LogUnavailable

AUTHENTICATION: Final = "LOG_AUTHENTICATION"
AUTHORIZATION: Final = "LOG_AUTHORIZATION"
UNKNOWN_TOPIC: Final = "UNKNOWN_TOPIC"
TOPIC_EXISTS: Final = "TOPIC_EXISTS"

# By name: librdkafka's own errors are private members of KafkaError.
PARTITION_END: Final = "_PARTITION_EOF"
FATAL: Final = "_FATAL"
ALL_DOWN: Final = "_ALL_BROKERS_DOWN"
TRANSPORT: Final = ("_TRANSPORT", "_RESOLVE")

_CODES: Final = {
    "_AUTHENTICATION": AUTHENTICATION,
    "SASL_AUTHENTICATION_FAILED": AUTHENTICATION,
    "UNSUPPORTED_SASL_MECHANISM": AUTHENTICATION,
    "ILLEGAL_SASL_STATE": AUTHENTICATION,
    "TOPIC_AUTHORIZATION_FAILED": AUTHORIZATION,
    "GROUP_AUTHORIZATION_FAILED": AUTHORIZATION,
    "CLUSTER_AUTHORIZATION_FAILED": AUTHORIZATION,
    "UNKNOWN_TOPIC_OR_PART": UNKNOWN_TOPIC,
    "_UNKNOWN_TOPIC": UNKNOWN_TOPIC,
    "_UNKNOWN_PARTITION": UNKNOWN_TOPIC,
    "TOPIC_ALREADY_EXISTS": TOPIC_EXISTS,
}
_UNAVAILABLE: Final = (
    *TRANSPORT,
    ALL_DOWN,
    "_TIMED_OUT",
    "_MSG_TIMED_OUT",
    "REQUEST_TIMED_OUT",
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
)
HINTS: Final = {
    AUTHENTICATION: "check the user, the password and the mechanism",
    AUTHORIZATION: "give the user the rights of a reader and writer of the topics and the group",
    UNKNOWN_TOPIC: "create it, or allow it with kafka.create_topics",
    TOPIC_EXISTS: "use it as it is",
}


def from_librdkafka(error: KafkaError, doing: str) -> LogError:
    """The engine's error for one of librdkafka; `doing` completes "cannot ..."."""
    code = _CODES.get(error.name())
    if code is not None:
        return LogError(f"Kafka: cannot {doing}: {error.str()}; {HINTS[code]}", code=code)
    if error.name() in _UNAVAILABLE or error.retriable():
        return LogUnavailable(f"Kafka: cannot {doing}: {error.str()}")
    return LogError(f"Kafka: cannot {doing}: {error.str()} ({error.name()})")
