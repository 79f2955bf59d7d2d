"""The test servers themselves: they start, survive a kill, and can be set back."""

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.services.kafka import KafkaBroker, StartKafka
from tests.services.redis import RedisServer, StartRedis


def test_an_acknowledged_write_survives_kill_9(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.set("key", "value")
    redis_server.kill()
    redis_server.restart()
    with redis_server.client() as client:
        assert client.get("key") == b"value"


def test_every_test_gets_an_empty_server(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        assert client.dbsize() == 0
        assert client.function_list() == []


def test_a_server_is_set_back_to_a_copy_of_its_files(start_redis: StartRedis) -> None:
    server = start_redis(fsync="everysec")
    with server.client() as client:
        client.set("key", "before")
        client.config_set("appendfsync", "always")
        client.set("another", "written so that the file is synced")
    copy = server.copy_files()
    with server.client() as client:
        client.set("key", "after")
    server.restore(copy)
    with server.client() as client:
        assert client.get("key") == b"before"


def test_settings_reach_the_server(start_redis: StartRedis) -> None:
    server = start_redis(settings={"maxmemory-policy": "allkeys-lru", "appendonly": "no"})
    with server.client() as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        assert client.config_get("appendonly") == {"appendonly": "no"}


def test_records_are_read_back(kafka_broker: KafkaBroker, kafka_name: str) -> None:
    topic = kafka_broker.create_topic(kafka_name, partitions=3)
    send(kafka_broker, topic, b"value", partition=2)
    assert first_value(kafka_broker.bootstrap, topic, partition=2) == b"value"


def test_an_acknowledged_record_survives_kill_9(start_kafka: StartKafka) -> None:
    broker = start_kafka(users={"engine": "a-password"})
    topic = broker.create_topic("events")
    send(broker, topic, b"value", partition=0)
    broker.kill()
    broker.restart()
    login = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "engine",
        "sasl.password": "a-password",
    }
    assert first_value(broker.sasl_bootstrap, topic, partition=0, login=login) == b"value"


def send(broker: KafkaBroker, topic: str, value: bytes, *, partition: int) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    producer.produce(topic, value, partition=partition)
    assert producer.flush(20) == 0


def first_value(
    bootstrap: str, topic: str, *, partition: int, login: dict[str, str] | None = None
) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, **(login or {})})
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        value: bytes | None = message.value()
        return value
    finally:
        consumer.close()
