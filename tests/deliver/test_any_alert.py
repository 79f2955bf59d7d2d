"""Whatever stands on the topic: it is delivered, or passed over; nothing ends delivery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.deliver.plan import forms, words
from sla_engine.deliver.plan.desks import wanted
from sla_engine.deliver.plan.mail import email
from sla_engine.deliver.plan.matching import labels_of
from sla_engine.deliver.plan.message import Message
from sla_engine.deliver.plan.routing import clock_of, concerned
from sla_engine.deliver.plan.shape import alert_of
from tests.deliver.delivering import MemoryAlerts, alert, delivering
from tests.deliver.receiver import receiver

#: Members that replace those of a right alert, each of which makes it none.
WRONG_MEMBERS: list[dict[str, Any]] = [
    {"id": 7},
    {"subject": None},
    {"time": 3},
    {"data": []},
    {"type": {}},
    {"data": {"actions": "all"}},
    {"data": {"actions": [{"do": "page"}]}},
    {"data": {"actions": [{"do": "page", "to": "lead"}]}},
    {"data": {"actions": [{"do": "page", "to": [], "args": {"via": 3}}]}},
    {"data": {"attributes": []}},
    {"type": "sla.alert.retracted", "data": {}},
    {"type": "sla.alert.cleared", "data": {"alerts": 3}},
]
WRONG = [
    *(b"", b"no JSON", b"[]", b"null", b'{"id": "x"}', b"[" * 5_000, b'\xff{"id": 1}'),
    *(orjson.dumps({**alert("wrong"), **members}) for members in WRONG_MEMBERS),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["do", "to", "args", "via", "tag", "by", "team", "title"]), inner
        )
    ),
)
#: Right ones that look unusual.
RIGHT: list[dict[str, Any]] = [
    {"actions": None},
    {"actions": [{"do": "page", "to": []}]},
    {"actions": [{"do": "page", "to": ["a"], "args": None}]},
    {"actions": [{"do": "page", "to": ["a"], "args": {"via": None}}]},
    {"attributes": None},
    {"attributes": {"team": None, "tags": [None, {"a": 1}]}},
    {"incident": None},
    {"alerts": []},
]
NAMES = st.sampled_from(
    "actions attributes alerts alert superseded title due url level revision incident clock".split()
)
KINDS = st.sampled_from(
    ["sla.clock.breached", "sla.alert.cleared", "sla.alert.amended", "sla.alert.retracted", "other"]
)


def test_records_that_are_no_alerts_are_passed_over(tmp_path: Path) -> None:
    log = MemoryAlerts(1)
    log.partitions[0] += WRONG
    log.add(alert())
    with (
        receiver() as desk,
        delivering(
            f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk",
            log,
            tmp_path,
        ),
    ):
        desk.wait_for(1)
    assert desk.ids == [alert()["id"]]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_each_of_them_is_none(number: int) -> None:
    assert alert_of(WRONG[number]) is None


@given(VALUES, NAMES, KINDS)
def test_what_is_taken_can_be_told_everywhere(value: object, name: str, kind: str) -> None:
    raw = alert("1", "x", kind)
    raw["data"][name] = value
    event = alert_of(orjson.dumps(raw))
    if event is not None:
        tell(event)


@pytest.mark.parametrize("data", RIGHT)
@pytest.mark.parametrize("kind", ["sla.clock.warning", "sla.alert.cleared"])
def test_unusual_ones_are_taken_and_told(data: dict[str, Any], kind: str) -> None:
    raw = alert("1", "x", kind)
    event = alert_of(orjson.dumps({**raw, "data": {**raw["data"], **data}}))
    assert event is not None
    tell(event)
    bare = alert_of(orjson.dumps({**raw, "data": {"clock": "resolution", **data}}))
    assert bare is not None
    tell(bare)


def tell(event: dict[str, Any]) -> None:
    """Everything that is made of an alert."""
    labels = labels_of(event)
    assert all(isinstance(one, str) for values in labels.values() for one in values)
    assert isinstance(clock_of(event), str)
    message = Message(event["id"], (event,), first={one: event for one in concerned(event)})
    assert forms.webhook(message, "https://x", (), None, 0).body
    assert email(message, "a@example.com", ["b@example.com"], None, 0).as_bytes()
    assert forms.slack(message, "https://x", None, None).body
    assert words.subject(message)
    forms.pagerduty(message, "https://x", "key")
    forms.alertmanager(message, "https://x", {}, ["team"], 10)
    wanted(event)


def test_no_secret_is_in_a_dead_letter(tmp_path: Path) -> None:
    canary = "made-up-canary-of-the-tests"
    log = MemoryAlerts()
    log.add(alert())
    plan = "destinations: {chat: {kind: slack, url_secret: chat}}\ndefault: chat"
    for host in ("2130706433", "127.0.0.1", "0x7f.1"):
        secrets = [("chat", f"https://{host}/{canary}")]
        with delivering(plan, log, tmp_path / host, secrets=secrets, allow=[]) as running:
            running.wait_until("SELECT state FROM deliveries", [(2,)])
            assert canary not in str(running.rows("SELECT error FROM deliveries"))
