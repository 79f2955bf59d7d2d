"""The shortest way: an alert on the log, a signed webhook at the receiver, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from standardwebhooks import Webhook

from sla_engine.deliver.plan.signing import key_of, signed_headers
from sla_engine.errors import ConfigError, PositionLost
from tests.deliver.delivering import (
    SECRET,
    MemoryAlerts,
    alert,
    amended,
    cleared,
    delivering,
    retracted,
    warning,
)
from tests.deliver.receiver import Answer, Receiver, receiver

DONE = "SELECT count(*) FROM deliveries WHERE state = 1"


def plan_for(desk: Receiver, more: str = "") -> str:
    return f"""
destinations:
  desk: {{kind: webhook, url: {desk.url}/sla, secret: desk{more}}}
default: desk
"""


def test_an_alert_comes_signed_so_that_the_specifications_library_takes_it(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert())
    with receiver() as desk, delivering(plan_for(desk), log, tmp_path):
        (got,) = desk.wait_for(1)
    assert got.path == "/sla"
    taken = Webhook(SECRET).verify(got.body, got.headers)
    assert taken["type"] == "sla.clock.breached"
    assert taken["data"]["id"] == got.id == alert()["id"]
    assert taken["data"]["title"] == "Parcel 4711 is late"


def test_the_vector_of_the_specification() -> None:
    """standard-webhooks/standard-webhooks, libraries/python, tests/test_webhooks.py."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        [key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_changed_both_receivers_of_it_agree(tmp_path: Path) -> None:
    new = "whsec_" + "YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3RzLTQ1Njc="
    log = MemoryAlerts()
    log.add(alert())
    secrets = [("desk", SECRET), ("desk", new)]
    with receiver() as desk, delivering(plan_for(desk), log, tmp_path, secrets=secrets):
        (got,) = desk.wait_for(1)
    for secret in (SECRET, new):
        Webhook(secret).verify(got.body, got.headers)


@pytest.mark.parametrize("secret", ["short", "whsec_not base64", "whsec_c2hvcnQ="])
def test_a_secret_that_could_be_guessed_is_refused(secret: str, tmp_path: Path) -> None:
    with receiver() as desk, pytest.raises(ConfigError, match="secret"):
        with delivering(plan_for(desk), MemoryAlerts(), tmp_path, secrets=[("desk", secret)]):
            pass


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    with receiver() as desk, pytest.raises(ConfigError, match=r"deliver\.secrets has no `desk`"):
        with delivering(plan_for(desk), MemoryAlerts(), tmp_path, secrets=[]):
            pass


def test_another_attempt_has_the_same_id_and_a_signature_of_its_own_time(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert())
    answers = [500, 503, 204]
    with (
        receiver(lambda _: Answer(answers.pop(0))) as desk,
        delivering(plan_for(desk), log, tmp_path) as running,
    ):
        got = desk.wait_for(3)
        running.wait_until(DONE, [(1,)])
    assert {one.id for one in got} == {alert()["id"]}
    for one in got:
        Webhook(SECRET).verify(one.body, one.headers)


def test_an_alert_that_comes_twice_on_the_log_is_delivered_once(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert(), alert(), warning(), alert())
    with receiver() as desk, delivering(plan_for(desk), log, tmp_path) as running:
        running.wait_until(DONE, [(2,)])
    assert sorted(desk.ids) == sorted([alert()["id"], warning()["id"]])


def test_after_a_restart_it_goes_on_behind_what_was_read(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"), alert("2"))
    with receiver() as desk:
        with delivering(plan_for(desk), log, tmp_path) as running:
            running.wait_until(DONE, [(2,)])
        log.add(alert("3"))
        with delivering(plan_for(desk), log, tmp_path) as running:
            running.wait_until(DONE, [(3,)])
        assert len(desk.ids) == 3


def test_from_the_end_leaves_out_what_is_there(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"))
    with receiver() as desk, delivering(plan_for(desk), log, tmp_path, begin="end") as running:
        running.wait_until("SELECT count(*) FROM positions", [(2,)])
        log.add(alert("2"))
        desk.wait_for(1)
    assert desk.ids == [alert("2")["id"]]


def test_alerts_from_before_the_first_start_are_a_persons_decision(tmp_path: Path) -> None:
    log = MemoryAlerts()
    with receiver() as desk:
        with delivering(plan_for(desk), log, tmp_path / "empty", begin=None) as running:
            running.wait_until("SELECT count(*) FROM positions", [(2,)])
            log.add(alert("1"))
            desk.wait_for(1)
        log.add(alert("2"))
        with delivering(plan_for(desk), log, tmp_path / "empty", begin=None):
            desk.wait_for(2)
        with pytest.raises(ConfigError, match="the log holds 2 alerts already"):
            with delivering(plan_for(desk), log, tmp_path / "new", begin=None) as running:
                running.join()
        log.topic_id = "another"
        with pytest.raises(PositionLost, match="belongs to another log"):
            with delivering(plan_for(desk), log, tmp_path / "empty", begin=None) as running:
                running.join()
        assert len(desk.ids) == 2


def test_the_end_of_an_alert_never_overtakes_it(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"), cleared("1", "breach"), alert("2"), cleared("2", "breach"))
    refused: list[str] = []

    def once_later(got: object) -> Answer:
        refused.append("")
        return Answer(500 if len(refused) <= 2 else 204)

    with receiver(once_later) as desk, delivering(plan_for(desk), log, tmp_path) as running:
        running.wait_until(DONE, [(4,)])
        taken = desk.ids
    for incident in "12":
        last_breach = max(i for i, one in enumerate(taken) if one == alert(incident)["id"])
        assert taken.index(cleared(incident)["id"]) > last_breach


def test_lower_steps_that_came_true_at_once_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(warning(superseded=True), alert())
    with receiver() as desk, receiver() as all_of_it:
        plan = f"""
destinations:
  desk: {{kind: webhook, url: {desk.url}}}
  all: {{kind: webhook, url: {all_of_it.url}, superseded: true}}
default: [desk, all]
"""
        with delivering(plan, log, tmp_path) as running:
            running.wait_until(DONE, [(3,)])
        assert desk.ids == [alert()["id"]]
        assert sorted(all_of_it.ids) == sorted([alert()["id"], warning()["id"]])


def test_corrections_and_ends_go_where_their_alert_went(tmp_path: Path) -> None:
    log = MemoryAlerts()
    first, second = alert("1", attributes={"team": "noc"}), alert("2")
    with receiver() as noc, receiver() as rest:
        plan = f"""
destinations:
  noc: {{kind: webhook, url: {noc.url}}}
  rest: {{kind: webhook, url: {rest.url}}}
routes:
  - {{match: attributes.team = noc, to: noc}}
default: rest
"""
        log.add(first, second, retracted(first), amended(second, due=None), cleared("2", "breach"))
        with delivering(plan, log, tmp_path) as running:
            running.wait_until(DONE, [(5,)])
        assert noc.ids == [first["id"], f"{first['id']}~1"]
        assert rest.ids == [second["id"], f"{second['id']}~1", cleared("2")["id"]]


def test_while_the_log_is_away_delivery_waits_for_it(tmp_path: Path) -> None:
    log = MemoryAlerts(1)
    with receiver() as desk, delivering(plan_for(desk), log, tmp_path):
        log.add(alert("1"))
        desk.wait_for(1)
        log.away = True
        log.add(alert("2"))
        log.away = False
        desk.wait_for(2)
