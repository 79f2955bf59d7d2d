"""The private names of Faust and aiokafka that the stream package overrides or calls.

A failure here after an upgrade means: read the new source before you change the pin.
"""

import inspect
from importlib.metadata import version

import aiokafka
import faust
import pytest
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from aiokafka.record.util import calc_crc32c
from faust.app import base
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from mode.services import ServiceTask
from mode.threads import ServiceThread


@pytest.mark.parametrize(
    ("package", "pinned"),
    [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")],
)
def test_the_installed_version_is_the_one_that_was_read(package: str, pinned: str) -> None:
    assert version(package) == pinned


def parameters(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (fetcher.Fetcher._get_actions_per_node, ["self", "assignment"]),
        (fetcher.Fetcher._proc_fetch_request, ["self", "assignment", "node_id", "request"]),
        (fetcher.Fetcher._create_fetch_waiter, ["self"]),
        (fetcher.Fetcher._notify, ["self", "future"]),
        (fetcher.Fetcher.seek_to, ["self", "tp", "offset"]),
        (fetcher.Fetcher.close, ["self"]),
        (group_coordinator.GroupCoordinator.check_errors, ["self"]),
        (subscription_state.Assignment.state_value, ["self", "tp"]),
        (subscription_state.TopicPartitionState.consumed_to, ["self", "position"]),
        (subscription_state.TopicPartitionState.pause, ["self"]),
        (subscription_state.TopicPartitionState.resume, ["self"]),
        (driver.AIOKafkaConsumerThread._create_worker_consumer, ["self", "transport"]),
        (driver.AIOKafkaConsumerThread._ensure_consumer, ["self"]),
        (driver.AIOKafkaConsumerThread.on_start, ["self"]),
        (driver.AIOKafkaConsumerThread.on_thread_stop, ["self"]),
        (driver.AIOKafkaConsumerThread.close, ["self"]),
        (driver.Consumer._new_consumer_thread, ["self"]),
        (driver.Transport.__init__, ["self", "args", "kwargs"]),
        (faust_consumer.Consumer.perform_seek, ["self"]),
        (faust_consumer.Consumer.on_partitions_revoked, ["self", "revoked"]),
        (
            faust_consumer.Consumer.on_partitions_assigned,
            ["self", "assigned", "generation_id"],
        ),
        (
            faust_consumer.Consumer.force_commit,
            ["self", "topics", "start_new_transaction"],
        ),
        (faust_consumer.Consumer.verify_event_path, ["self", "now", "tp"]),
        (base.App.on_first_start, ["self"]),
        (base.App.on_stop, ["self"]),
        (ServiceThread.on_crash, ["self", "msg", "fmt", "kwargs"]),
        (calc_crc32c, ["data"]),
    ],
)
def test_signatures_are_those_that_were_read(function: object, expected: list[str]) -> None:
    assert parameters(function) == expected


@pytest.mark.parametrize(
    "name",
    [
        "_client",
        "_subscription",
        "_fetcher",
        "_coordinator",
        "_closed",
        "_fetch_max_bytes",
        "_fetch_max_wait_ms",
        "_max_partition_fetch_bytes",
        "_check_crcs",
        "_auto_offset_reset",
    ],
)
def test_the_consumer_keeps_its_parts_under_these_names(name: str) -> None:
    assert f"self.{name} = " in inspect.getsource(aiokafka.AIOKafkaConsumer)


@pytest.mark.parametrize(
    "name",
    ["_client", "_loop", "_check_crcs", "_fetcher_timeout", "_retry_backoff", "_records"],
)
def test_the_fetcher_keeps_its_parts_under_these_names(name: str) -> None:
    assert f"self.{name} = " in inspect.getsource(fetcher.Fetcher.__init__)


def test_the_fetch_loop_wakes_up_on_this_future_and_takes_five_answers() -> None:
    source = inspect.getsource(fetcher.Fetcher._fetch_requests_routine)
    assert "other_futs = [self._wait_consume_future" in source
    for name in ("fetch_requests", "reset_requests", "timeout", "invalid_metadata"):
        assert f"                    {name},\n" in source


def test_a_consumer_starts_without_waiting_for_an_assignment_it_did_not_ask_for() -> None:
    source = inspect.getsource(aiokafka.AIOKafkaConsumer.start)
    assert source.index("self._fetcher = Fetcher(") < source.index(
        "if self._subscription.subscription is not None:\n                if"
    )


def test_critical_errors_of_the_group_reach_those_who_wait_for_records() -> None:
    push = inspect.getsource(group_coordinator.GroupCoordinator._push_error_to_user)
    assert "self._subscription.abort_waiters(exc)" in push
    abort = inspect.getsource(subscription_state.SubscriptionState.abort_waiters)
    assert "for waiter in self._fetch_waiters" in abort


def test_faust_seeks_after_both_of_its_signals() -> None:
    source = inspect.getsource(Recovery._resume_streams)
    assert source.index("on_rebalance_complete.send") < source.index("consumer.perform_seek()")


def test_the_names_of_faust_classes_that_are_exchanged() -> None:
    assert isinstance(faust_consumer.Fetcher._fetcher, ServiceTask)
    assert driver.Transport.Fetcher is faust_consumer.Fetcher
    assert faust.App.BootStrategy is base.BootStrategy
    assert base.BootStrategy.enable_kafka_producer is None
