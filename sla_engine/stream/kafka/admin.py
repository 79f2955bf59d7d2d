"""Topics: made when allowed, checked otherwise; and the identity a stored position belongs to."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from sla_engine.engine.ports import LogIdentity
from sla_engine.errors import ConfigError, LogError, LogUnavailable, SlaError
from sla_engine.stream.kafka.faults import (
    ALL_DOWN,
    AUTHENTICATION,
    TOPIC_EXISTS,
    UNKNOWN_TOPIC,
    from_librdkafka,
)
from sla_engine.stream.kafka.settings import KafkaSettings

CALL_S: Final = 15.0
TRY_AGAIN_S: Final = 0.05
POLL_S: Final = 0.02
CONNECT_S: Final = 3.0
"""No broker accepted a connection for this long: none is there."""

#: Settings of a new topic by role. The broker's clock dates what decides and what is measured.
TOPIC_CONFIG: Final[dict[str, dict[str, str]]] = {
    "events": {"message.timestamp.type": "LogAppendTime"},
    "alerts": {"message.timestamp.type": "LogAppendTime"},
    "dead": {},
    "clocks": {"cleanup.policy": "compact"},
}
#: Roles whose partition numbers are those of the events.
SAME_PARTITIONS: Final = ("alerts", "clocks")

log = logging.getLogger(__name__)

T = TypeVar("T")


class TopicAdmin:
    """Admin calls; synchronous, each bounded by `CALL_S`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._refused: SlaError | None = None
        self._down_since: float | None = None
        config: dict[str, Any] = {**settings.librdkafka("admin"), "error_cb": self._failed}
        self._client = AdminClient(config)

    def identity(self, topic: str) -> LogIdentity:
        """Name, id and partition count of a topic; LogError UNKNOWN_TOPIC if there is none."""
        call = self._client.describe_topics(TopicCollection([topic]), request_timeout=CALL_S)
        found = self._result(call[topic], f"find the topic {topic}")
        return LogIdentity(topic, str(found.topic_id), len(found.partitions))

    def ensure(self, partitions: int) -> LogIdentity:
        """Every configured topic, made if missing and allowed; the identity of the events topic.

        ConfigError when a topic exists with another number of partitions than the settings ask
        for: records with one key would then lie in two partitions.
        """
        for role, topic in self._settings.topics.items():
            try:
                found = self.identity(topic)
            except LogError as error:
                if error.code != UNKNOWN_TOPIC or not self._settings.create_topics:
                    raise
                self._create(role, topic, partitions)
                continue
            self._check(role, found, partitions)
        return self.identity(self._settings.topic("events"))

    def _create(self, role: str, topic: str, partitions: int) -> None:
        new = NewTopic(
            topic,
            num_partitions=partitions,
            replication_factor=self._settings.replication,
            config=TOPIC_CONFIG[role],
        )
        call = self._client.create_topics([new], operation_timeout=CALL_S, request_timeout=CALL_S)
        try:
            self._result(call[topic], f"create the topic {topic}")
        except LogError as error:
            # Another worker may start at the same moment.
            if error.code != TOPIC_EXISTS:
                raise
        self._check(role, self._once_known(topic), partitions)

    def _once_known(self, topic: str) -> LogIdentity:
        """The brokers learn of a new topic one after the other."""
        deadline = time.monotonic() + CALL_S
        while True:
            try:
                return self.identity(topic)
            except LogError as error:
                if error.code != UNKNOWN_TOPIC or time.monotonic() > deadline:
                    raise
            time.sleep(TRY_AGAIN_S)

    def _check(self, role: str, found: LogIdentity, partitions: int) -> None:
        if role == "events" or role in SAME_PARTITIONS:
            if found.partitions != partitions:
                raise ConfigError(
                    f"the topic {found.topic} ({role}) has {found.partitions} partitions,"
                    f" kafka.partitions is {partitions}: set it to the number of the topic"
                    f" {self._settings.topic('events')}, or name other topics"
                )
        wanted = TOPIC_CONFIG[role].get("message.timestamp.type")
        if wanted and self._timestamp_type(found.topic) != wanted:
            log.warning(
                "the topic %s takes the producers' clocks for its time stamps; set"
                " message.timestamp.type=%s on it, or a wrong clock of theirs moves deadlines",
                found.topic,
                wanted,
            )

    def _timestamp_type(self, topic: str) -> str:
        resource = ConfigResource(ResourceType.TOPIC, topic)
        call = self._client.describe_configs([resource], request_timeout=CALL_S)
        try:
            entries = self._result(call[resource], f"read the settings of {topic}")
        except LogError as error:
            # It may be forbidden where reading records is not.
            log.debug("%s", error)
            return TOPIC_CONFIG["events"]["message.timestamp.type"]
        return str(entries["message.timestamp.type"].value)

    def _result(self, future: Future[T], doing: str) -> T:
        """The answer; librdkafka itself would try on for long where a login is refused."""
        self._refused, self._down_since = None, None
        while not future.done():
            self._client.poll(POLL_S)
            if self._refused is not None:
                raise self._refused
            if self._down_for_s() > CONNECT_S:
                raise LogUnavailable(
                    f"Kafka: cannot {doing}: no broker answers at {self._settings.brokers}"
                )
        try:
            return future.result()
        except KafkaException as error:
            raise from_librdkafka(error.args[0], doing) from error

    def _down_for_s(self) -> float:
        return 0.0 if self._down_since is None else time.monotonic() - self._down_since

    def _failed(self, error: KafkaError) -> None:
        fault = from_librdkafka(error, "log in")
        if fault.code == AUTHENTICATION:
            self._refused = fault
        elif error.name() == ALL_DOWN:
            self._down_since = self._down_since or time.monotonic()
