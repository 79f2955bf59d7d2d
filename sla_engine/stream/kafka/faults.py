"""Errors of the Kafka libraries, turned into the engine's own."""

from __future__ import annotations

from typing import Final

from aiokafka import errors as aio
from confluent_kafka import KafkaError

from sla_engine.errors import LogError, LogUnavailable, SlaError

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
_HINTS: Final = {
    AUTHENTICATION: "check the user, the password and the mechanism",
    AUTHORIZATION: "give the user the rights of a reader and writer of the topics and the group",
    UNKNOWN_TOPIC: "create it, or allow it with kafka.create_topics",
    TOPIC_EXISTS: "use it as it is",
}


def from_librdkafka(error: KafkaError, doing: str) -> SlaError:
    """The engine's error for one of librdkafka; `doing` completes "cannot ..."."""
    code = _CODES.get(error.name())
    if code is not None:
        return LogError(f"Kafka: cannot {doing}: {error.str()}; {_HINTS[code]}", code=code)
    if error.name() in _UNAVAILABLE or error.retriable():
        return LogUnavailable(f"Kafka: cannot {doing}: {error.str()}")
    return LogError(f"Kafka: cannot {doing}: {error.str()} ({error.name()})")


def from_aiokafka(error: BaseException, doing: str) -> SlaError:
    """The engine's error for one of aiokafka; `doing` completes "cannot ..."."""
    text = f"Kafka: cannot {doing}: {error or type(error).__name__}"
    authentication = (
        aio.AuthenticationFailedError,
        aio.SaslAuthenticationFailed,
        aio.UnsupportedSaslMechanismError,
        aio.IllegalSaslStateError,
        aio.AuthenticationMethodNotSupported,
    )
    authorization = (
        aio.TopicAuthorizationFailedError,
        aio.GroupAuthorizationFailedError,
        aio.ClusterAuthorizationFailedError,
    )
    if isinstance(error, authentication):
        return LogError(f"{text}; {_HINTS[AUTHENTICATION]}", code=AUTHENTICATION)
    if isinstance(error, authorization):
        return LogError(f"{text}; {_HINTS[AUTHORIZATION]}", code=AUTHORIZATION)
    if isinstance(error, aio.UnknownTopicOrPartitionError):
        return LogError(f"{text}; {_HINTS[UNKNOWN_TOPIC]}", code=UNKNOWN_TOPIC)
    if isinstance(error, aio.KafkaError) and error.retriable:
        return LogUnavailable(text)
    return LogError(text)
