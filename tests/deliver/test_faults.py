"""One dead or slow destination delays no other; what it did not take is a dead letter, put back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from sla_engine.cli import cli
from sla_engine.deliver.plan.backoff import Gate, wait_ms
from sla_engine.deliver.plan.message import Verdict, outcome_of
from sla_engine.deliver.queue import put_back
from sla_engine.errors import StoreUnavailable
from sla_engine.limits import DELIVER_FAILURES_MAX, DELIVER_OPEN_LAST_MS, DELIVER_RETRY_LAST_MS
from tests.deliver.delivering import MemoryAlerts, Running, alert, delivering
from tests.deliver.receiver import Answer, Got, receiver

ALERTS = 40


def test_ten_destinations_of_which_three_are_ill(tmp_path: Path) -> None:
    """Must show 6: every alert once by id at each living one, the dead ones' letters later."""
    log = MemoryAlerts()
    events = [alert(str(i)) for i in range(ALERTS)]
    ids = sorted(event["id"] for event in events)
    ill = {
        "hangs": Answer(hang=True),
        "fails": Answer(500),
        "busy": Answer(429, {"Retry-After": "1"}),
    }
    healed = False

    def answering(name: str) -> Answer:
        return Answer() if healed or name not in ill else ill[name]

    with ExitStack() as stack:
        names = [*ill, *(f"well-{i}" for i in range(7))]
        receivers = {
            name: stack.enter_context(receiver(lambda _, name=name: answering(name)))
            for name in names
        }
        lines = "".join(
            # A well one that is slow, because the machine is, must not count as ill.
            f"  {name}: {{kind: webhook, url: {one.url},"
            f" {'timeout: 1s, give_up: 2s' if name in ill else 'timeout: 2m'}}}\n"
            for name, one in receivers.items()
        )
        plan = f"destinations:\n{lines}default: [{', '.join(names)}]\n"
        running = stack.enter_context(delivering(plan, log, tmp_path))
        log.add(*events)
        for name in names[3:]:
            assert sorted(one.id for one in receivers[name].wait_for(ALERTS)) == ids
        states = "SELECT count(*) FROM deliveries WHERE state = 2 GROUP BY destination"
        running.wait_until(states, [(ALERTS,)] * 3)
        for name in names[3:]:
            assert len(receivers[name].got) == ALERTS, "not one came twice"
        healed = True
        before = {name: len(receivers[name].got) for name in ill}
        for one in receivers.values():
            one.released.set()
        numbers = [row[0] for row in running.rows("SELECT number FROM deliveries WHERE state = 2")]
        running.call(running.store.call(lambda d: put_back(d, numbers, 2**50)))
        running.call(
            running.store.call(
                lambda d: d.execute("UPDATE deliveries SET due_ms = 0, at_ms = 2 << 50").rowcount
            )
        )
        running.wait_until("SELECT count(*) FROM deliveries WHERE state <> 1", [(0,)])
        for name in ill:
            later = receivers[name].ids[before[name] :]
            assert sorted(set(later)) == ids, f"{name} has all of its letters"


def test_a_receiver_that_asks_for_time_gets_it_and_others_do_not_wait(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(*(alert(str(i)) for i in range(30)))
    hour = Answer(429, {"Retry-After": "3600"})
    with receiver(lambda _: hour) as busy, receiver() as well:
        plan = f"""
destinations:
  busy: {{kind: webhook, url: {busy.url}, concurrency: 2}}
  well: {{kind: webhook, url: {well.url}}}
default: [busy, well]
"""
        with delivering(plan, log, tmp_path) as running:
            well.wait_for(30)
            log.add(*(alert(str(i)) for i in range(30, 60)))
            well.wait_for(60)
            waiting = "SELECT count(*) FROM deliveries WHERE state = 0"
            running.wait_until(waiting, [(60,)])
        assert 1 <= len(busy.got) <= 2, "what was on its way, and nothing more for an hour"


def test_letters_are_listed_and_put_back_by_the_command(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"), alert("2"))
    status = [400]
    environ = {"SLA_DATA__DIR": str(tmp_path)}
    with (
        receiver(lambda _: Answer(status[0])) as desk,
        delivering(
            f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk",
            log,
            tmp_path,
        ) as running,
    ):
        running.wait_until("SELECT count(*) FROM deliveries WHERE state = 2", [(2,)])
        assert len(desk.got) == 2, "what another attempt cannot change is not tried again"
        shown = CliRunner().invoke(cli, ["deliver", "dead"], env=environ)
        assert shown.exit_code == 0, shown.output
        assert len(shown.output.splitlines()) == 2
        assert "HTTP 400" in shown.output
        assert alert("1")["id"] in shown.output
        as_json = CliRunner().invoke(cli, ["deliver", "dead", "--format", "json"], env=environ)
        assert '"error":"HTTP 400"' in as_json.output
        status[0] = 204
        number = shown.output.split()[0]
        done = CliRunner().invoke(cli, ["deliver", "replay", number], env=environ)
        assert "1 dead letters wait again" in done.output
        running.wait_until("SELECT count(*) FROM deliveries WHERE state = 2", [(1,)])
        desk.wait_for(3)
        again = CliRunner().invoke(cli, ["deliver", "replay", "--destination", "desk"], env=environ)
        assert "1 dead letters wait again" in again.output
        desk.wait_for(4)
        running.wait_until("SELECT count(*) FROM deliveries WHERE state = 1", [(2,)])
        missing = CliRunner().invoke(cli, ["deliver", "replay", "77"], env=environ)
        assert "there is no dead letter 77" in missing.output
        both = CliRunner().invoke(cli, ["deliver", "replay", "--all", "7"], env=environ)
        assert both.exit_code == 2
    assert sorted(desk.ids[2:]) == sorted([alert("1")["id"], alert("2")["id"]])


def test_a_full_disk_ends_delivery_and_loses_nothing(tmp_path: Path) -> None:
    log = MemoryAlerts(1)
    with receiver() as desk:
        plan = f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk"
        running = Running(plan, log, tmp_path)
        running.rows("PRAGMA max_page_count = 60")
        log.add(*(alert(str(i)) for i in range(500)))
        running.join()
        running.stop()
        assert isinstance(running.error, StoreUnavailable)
        assert "delivery cannot write: database or disk is full" in str(running.error)
        log.add(alert("last"))
        with delivering(plan, log, tmp_path) as running:
            running.wait_until("SELECT count(*) FROM deliveries WHERE state = 1", [(501,)])
        assert len(set(desk.ids)) == 501


def test_a_log_that_was_set_back_is_read_again_and_nothing_comes_twice(tmp_path: Path) -> None:
    log = MemoryAlerts(1)
    with receiver() as desk:
        plan = f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk"
        with delivering(plan, log, tmp_path) as running:
            log.add(*(alert(str(i)) for i in range(10)))
            desk.wait_for(10)
            running.wait_until("SELECT next FROM positions", [(10,)])
            del log.partitions[0][6:]
            running.wait_until("SELECT next FROM positions", [(6,)])
            log.add(alert("other"))
            desk.wait_for(11)
        assert sorted(desk.ids) == sorted(
            [*(alert(str(i))["id"] for i in range(10)), alert("other")["id"]]
        )


def test_what_the_log_dropped_is_told_and_the_rest_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = MemoryAlerts(1)
    with receiver() as desk:
        plan = f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk"
        log.add(alert("0"))
        with delivering(plan, log, tmp_path):
            desk.wait_for(1)
        log.add(*(alert(str(i)) for i in range(1, 10)))
        log.first = 6
        with delivering(plan, log, tmp_path):
            desk.wait_for(5)
        assert sorted(desk.ids[1:]) == [alert(str(i))["id"] for i in range(6, 10)]
    assert "the log dropped alerts before they were delivered" in caplog.text


def test_more_than_may_wait_become_letters_and_others_get_all(tmp_path: Path) -> None:
    log = MemoryAlerts(1)
    log.add(*(alert(str(i)) for i in range(20)))
    with receiver(lambda _: Answer(hang=True)) as full, receiver() as well:
        plan = f"""
destinations:
  full: {{kind: webhook, url: {full.url}, waiting: 5}}
  well: {{kind: webhook, url: {well.url}}}
default: [full, well]
"""
        with delivering(plan, log, tmp_path) as running:
            well.wait_for(20)
            query = "SELECT count(*) FROM deliveries WHERE state = 2 AND destination = 'full'"
            running.wait_until(query, [(15,)])
            full.released.set()


def test_a_rate_is_kept_by_the_clock_that_is_handed_in() -> None:
    gate = Gate(concurrency=4, rate=10)
    assert gate.wait_ms(1_000) == 0
    for _ in range(5):
        gate.begins(1_000)
    assert gate.wait_ms(1_000) == 500
    assert gate.wait_ms(1_500) == 0


def test_after_failures_in_a_row_one_attempt_at_a_time_decides() -> None:
    gate = Gate(concurrency=4)
    for number in range(DELIVER_FAILURES_MAX - 1):
        gate.failed(number, 0.5)
        assert (gate.room(), gate.wait_ms(number)) == (4, 0)
    gate.failed(1_000, 0.5)
    assert gate.room() == 1
    assert 0 < gate.wait_ms(1_000) <= 1_000
    for _ in range(50):
        gate.failed(10_000, 1.0)
    assert gate.wait_ms(10_000) == DELIVER_OPEN_LAST_MS
    gate.succeeded()
    assert gate.room() == 4


def test_what_a_receiver_asks_for_is_the_least_wait() -> None:
    gate = Gate(concurrency=1)
    gate.failed(0, 0.0, after_ms=30_000)
    assert gate.wait_ms(0) == 30_000
    assert wait_ms(1, 0.0, 30_000) == 30_000
    assert wait_ms(1, 1.0) == 1_000
    assert wait_ms(3, 1.0) == 4_000
    assert wait_ms(200, 1.0) == DELIVER_RETRY_LAST_MS
    assert wait_ms(3, 0.25) == 1_000


def test_what_a_status_means() -> None:
    told = {status: outcome_of(status).verdict for status in range(200, 600)}
    assert {s for s, v in told.items() if v is Verdict.SENT} == set(range(200, 300))
    assert {s for s, v in told.items() if v is Verdict.AGAIN and s < 500} == (
        set(range(300, 400)) | {401, 403, 404, 408, 409, 423, 425, 429}
    )
    assert all(told[status] is Verdict.AGAIN for status in range(500, 600))


def test_an_answer_without_end_is_read_up_to_a_bound(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert())

    def long(_: Got) -> Answer:
        return Answer(200, body=b"x" * 5_000_000)

    with receiver(long) as desk:
        plan = f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk"
        with delivering(plan, log, tmp_path) as running:
            running.wait_until("SELECT state FROM deliveries", [(1,)])
