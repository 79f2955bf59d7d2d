"""A worker over Redis Streams, on both kinds of server: the same behaviour as over Kafka."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from sla_engine.engine.ports import OutRecord
from sla_engine.errors import LogError, LogUnavailable, PositionLost
from sla_engine.stream.redis_streams import RedisLog, redis_log
from sla_engine.stream.redis_streams.layout import stream_key
from tests.services.redis import RedisServer
from tests.stream.inboxes import MemoryInbox
from tests.stream.running import running, until

SESSION_MS = 1_500
Send = Callable[..., None]


@pytest.fixture
def log(redis_server: RedisServer) -> RedisLog:
    """A log with two partitions."""
    log = redis_log(redis_server.url, session_timeout_ms=SESSION_MS)
    log.ensure_topics(2)
    return log


@pytest.fixture
def send(log: RedisLog) -> Iterator[Send]:
    """`send(partition, value, ...)`: returns when the log has them."""
    producer = log.producer()

    def send(partition: int, *values: bytes | None) -> None:
        failed: list[str] = []
        for value in values:
            record = OutRecord("events", partition, b"key", value)
            producer.produce(record, lambda r, offset, error: failed.append(error))
        assert producer.flush(20.0) == 0
        assert not any(failed)

    yield send
    producer.close()


def numbered(n: int) -> list[bytes]:
    return [b"%d" % i for i in range(n)]


def test_everything_on_the_log_arrives_in_order(log: RedisLog, send: Send) -> None:
    send(0, *numbered(2_500))
    send(1, b"other", None, b"")
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 2_503, "all records")
        send(0, b"later")
        until(inbox, lambda: inbox.next_offset[0] == 2_501, "the record sent meanwhile")
    assert inbox.values == {0: [*numbered(2_500), b"later"], 1: [b"other", None, b""]}


def test_the_end_of_the_log_is_told_again_and_again_when_nothing_comes(
    log: RedisLog, send: Send
) -> None:
    send(0, b"one")
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.ends == {0: 1, 1: 0}, "both ends")
        seen = inbox.ends_seen
        until(inbox, lambda: inbox.ends_seen >= seen + 6, "three more answers about each")


def test_reading_begins_at_the_stored_positions(log: RedisLog, send: Send) -> None:
    send(0, *numbered(10))
    inbox = MemoryInbox(stored={0: 7, 1: 0})
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 3, "the records from the position on")
        send(0, b"next")
        until(inbox, lambda: inbox.received() == 4, "the next one")
    assert inbox.values == {0: [b"7", b"8", b"9", b"next"]}


def test_a_partition_is_claimed_before_it_is_read_and_revoked_after_the_last(
    log: RedisLog, send: Send
) -> None:
    send(0, b"one")
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 1, "the record")
    assert inbox.calls == [("assign", (0, 1)), ("revoke", (0, 1))]


def test_nothing_is_delivered_after_the_revocation(log: RedisLog, send: Send) -> None:
    send(0, b"held")
    inbox = MemoryInbox(full=True)
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.offered > 3, "repeated offers")
    offered = inbox.offered
    assert inbox.calls[-1] == ("revoke", (0, 1))
    inbox.full = False
    assert inbox.stale == []
    assert (inbox.offered, inbox.received()) == (offered, 0)


def test_what_was_held_before_a_rebalance_is_read_again_by_its_next_owner(
    log: RedisLog, send: Send
) -> None:
    send(0, *numbered(5))
    send(1, *numbered(5))
    ann, ben = MemoryInbox(full=True), MemoryInbox()
    with running(log.make_worker(ann)):
        until(ann, lambda: ann.offered > 3, "repeated offers")
        with running(log.make_worker(ben)):
            until(ben, lambda: ben.received() == 5, "the second worker's share")
            ann.full = False
            until(ann, lambda: ann.received() == 5, "the first worker's share")
            send(0, b"5")
            send(1, b"5")
            until(ann, lambda: ann.received() == 6, "one more for the first")
            until(ben, lambda: ben.received() == 6, "one more for the second")
    assert ann.stale == ben.stale == []
    assert ann.values.keys() ^ ben.values.keys() == {0, 1}
    assert [*ann.values.values(), *ben.values.values()] == [numbered(6), numbered(6)]


def test_a_full_inbox_loses_nothing_and_mixes_nothing_up(log: RedisLog, send: Send) -> None:
    inbox = MemoryInbox(full=True)
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.ends_seen > 0, "the first answer")
        for i in range(20):
            send(i % 2, b"%d" % i)
        offered = inbox.offered
        until(inbox, lambda: inbox.offered > offered + 20, "repeated offers")
        assert inbox.received() == 0
        inbox.full = False
        until(inbox, lambda: inbox.received() == 20, "all records")
    for partition in (0, 1):
        assert inbox.values[partition] == [b"%d" % i for i in range(partition, 20, 2)]


@pytest.mark.parametrize("stored", [2, 11])
def test_a_position_outside_the_log_is_an_error_and_never_reset(
    redis_server: RedisServer, log: RedisLog, send: Send, stored: int
) -> None:
    for value in numbered(10):
        send(0, value)
    with redis_server.client() as client:
        client.xtrim(stream_key("incidents", 0), minid="4", approximate=False)
    inbox = MemoryInbox(stored={0: stored})
    with running(log.make_worker(inbox)) as live:
        error = live.failed()
    assert isinstance(error, PositionLost)
    assert f"incidents[0]: the stored position is {stored}, the log holds 4 to 10" in str(error)
    assert inbox.received() == 0


def test_events_that_are_durable_are_trimmed_but_for_the_last_ones(
    redis_server: RedisServer,
) -> None:
    log = redis_log(redis_server.url, session_timeout_ms=SESSION_MS, keep_events=1_000)
    log.ensure_topics(1)
    producer = log.producer()
    for i in range(20_000):
        producer.produce(OutRecord("events", 0, b"k", b"%d" % i), lambda r, offset, error: None)
    assert producer.flush(30) == 0
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 20_000, "all records")
    producer.close()
    reader = log.reader()
    earliest, end = reader.bounds("events", 0)
    assert end == 20_000
    assert 10_000 < earliest <= 19_000
    assert [r.value for r in reader.read("events", 0, -2)] == [
        b"%d" % i for i in range(earliest, end)
    ]


def test_a_log_that_does_not_exist_is_named(redis_server: RedisServer) -> None:
    with pytest.raises(LogError, match="incidents") as caught:
        redis_log(redis_server.url).make_worker(MemoryInbox()).run(signals=False)
    assert caught.value.code == "UNKNOWN_TOPIC"


def test_a_server_that_is_not_there_is_unavailable_not_wrong() -> None:
    with pytest.raises(LogUnavailable):
        redis_log("unix:///nowhere/redis.sock").identity()


def test_a_server_that_is_killed_and_comes_back_is_read_on(
    redis_server: RedisServer, log: RedisLog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sla_engine")
    producer = log.producer()
    acked: list[tuple[int | None, str]] = []

    def produce(value: bytes) -> None:
        record = OutRecord("events", 0, b"k", value)
        producer.produce(record, lambda r, offset, error: acked.append((offset, error)))

    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        produce(b"before")
        until(inbox, lambda: inbox.received() == 1, "the first record")
        redis_server.kill()
        produce(b"meanwhile")
        redis_server.start()
        until(inbox, lambda: inbox.received() == 2, "the record sent meanwhile")
        assert producer.flush(20) == 0
    producer.close()
    assert inbox.values[0] == [b"before", b"meanwhile"]
    assert acked == [(0, ""), (1, "")]
    lost = [r for r in caplog.records if "Redis (log) does not answer" in r.getMessage()]
    assert len(lost) <= 2


def test_a_log_set_back_is_claimed_anew_from_what_the_store_says(
    redis_server: RedisServer, log: RedisLog, send: Send
) -> None:
    send(0, *numbered(5))
    copy = redis_server.copy_files()
    send(0, b"5", b"6")
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 7, "all records")
        inbox.stored = {0: 4, 1: 0}
        redis_server.restore(copy)
        until(inbox, lambda: len(inbox.values[0]) == 8, "the record from the older position")
        send(0, b"new")
        until(inbox, lambda: len(inbox.values[0]) == 9, "the record sent since")
    assert inbox.values[0][7:] == [b"4", b"new"]
    assert inbox.calls[:3] == [("assign", (0, 1)), ("revoke", (0, 1)), ("assign", (0, 1))]


def test_a_log_made_anew_is_another_log(
    redis_server: RedisServer, log: RedisLog, send: Send
) -> None:
    send(0, *numbered(3))
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)) as live:
        until(inbox, lambda: inbox.received() == 3, "the records")
        redis_server.wipe()
        log.ensure_topics(2)
        redis_server.restart()
        error = live.failed()
    assert isinstance(error, PositionLost)
    assert "was made anew" in str(error)


def test_a_password_that_is_wrong_is_an_error_and_no_outage(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "sla", "on", ">secret", "~*", "+@all")
    redis_log(f"unix://sla@{redis_server.socket}?password=secret").ensure_topics(1)
    with pytest.raises(LogError, match="the user and the password") as caught:
        redis_log(f"unix://sla@{redis_server.socket}?password=guess").identity()
    assert not isinstance(caught.value, LogUnavailable)
