"""Topics: made when allowed, checked otherwise; and the identity a stored position belongs to."""

from __future__ import annotations

import logging
import time
from typing import Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from sla_engine.engine.ports import LogIdentity
from sla_engine.errors import ConfigError, LogError
from sla_engine.stream.kafka.faults import UNKNOWN_TOPIC, from_librdkafka
from sla_engine.stream.kafka.settings import KafkaSettings

CALL_S: Final = 15.0
TRY_AGAIN_S: Final = 0.05

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


class TopicAdmin:
    """Admin calls; synchronous, each bounded by `CALL_S`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client = AdminClient(settings.librdkafka("admin"))

    def identity(self, topic: str) -> LogIdentity:
        """Name, id and partition count of a topic; LogError UNKNOWN_TOPIC if there is none."""
        call = self._client.describe_topics(TopicCollection([topic]), request_timeout=CALL_S)
        try:
            found = call[topic].result(timeout=2 * CALL_S)
        except KafkaException as error:
            raise from_librdkafka(error.args[0], f"find the topic {topic}") from error
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
            call[topic].result(timeout=2 * CALL_S)
        except KafkaException as error:
            # Another worker may start at the same moment.
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise from_librdkafka(error.args[0], f"create the topic {topic}") from error
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
            entries = call[resource].result(timeout=2 * CALL_S)
        except KafkaException as error:
            # Reading settings may be forbidden where reading records is not.
            log.debug("the settings of %s cannot be read: %s", topic, error)
            return TOPIC_CONFIG["events"]["message.timestamp.type"]
        return str(entries["message.timestamp.type"].value)
