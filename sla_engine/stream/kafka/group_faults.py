"""Errors of aiokafka, which keeps the membership, turned into the engine's own."""

from __future__ import annotations

from aiokafka import errors

from sla_engine.errors import LogError, LogUnavailable
from sla_engine.stream.kafka.faults import AUTHENTICATION, AUTHORIZATION, HINTS, UNKNOWN_TOPIC


def from_aiokafka(error: BaseException, doing: str) -> LogError:
    """The engine's error for one of aiokafka; `doing` completes "cannot ..."."""
    text = f"Kafka: cannot {doing}: {error or type(error).__name__}"
    authentication = (
        errors.AuthenticationFailedError,
        errors.SaslAuthenticationFailed,
        errors.UnsupportedSaslMechanismError,
        errors.IllegalSaslStateError,
        errors.AuthenticationMethodNotSupported,
    )
    authorization = (
        errors.TopicAuthorizationFailedError,
        errors.GroupAuthorizationFailedError,
        errors.ClusterAuthorizationFailedError,
    )
    if isinstance(error, authentication):
        return LogError(f"{text}; {HINTS[AUTHENTICATION]}", code=AUTHENTICATION)
    if isinstance(error, authorization):
        return LogError(f"{text}; {HINTS[AUTHORIZATION]}", code=AUTHORIZATION)
    if isinstance(error, errors.UnknownTopicOrPartitionError):
        return LogError(f"{text}; {HINTS[UNKNOWN_TOPIC]}", code=UNKNOWN_TOPIC)
    if isinstance(error, errors.KafkaError) and error.retriable:
        return LogUnavailable(text)
    return LogError(text)
