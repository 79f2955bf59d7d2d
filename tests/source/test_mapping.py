"""Mapping files: an unknown vendor's payload becomes events, and a mistake is named by its line."""

from __future__ import annotations

from typing import Any

import pytest

from sla_engine.errors import EventError
from sla_engine.policy.findings import PolicyErrors
from sla_engine.source.mapped import mapped_source
from sla_engine.source.model import Translated
from tests.source.examples import brief

DESK = """\
events:
  - when: payload.event == "opened"
    type: incident.created
    subject: payload.ticket.number
    id: payload.delivery
    time: payload.at
    data:
      title: payload.ticket.title
      priority: {value: payload.ticket.prio, values: {1: low, 2: high}, else: normal}
      status: {value: payload.ticket.state, values: {waiting: waiting_customer}}
      tags: payload.ticket.labels.map(l, l.name)
      due: timestamp(payload.at) + duration("1h")
      custom:
        floor: payload.ticket.floor
  - when: payload.event == "answered"
    type: incident.commented
    each: payload.answers
    subject: payload.ticket.number
    id: payload.delivery + "/" + string(item.n)
    time: item.at
    data: {author: 'item.by_us ? "agent" : "customer"', public: item.public}
"""
OPENED: dict[str, Any] = {
    "event": "opened",
    "delivery": "d-1",
    "at": "2026-11-23T10:00:00+0100",
    "ticket": {
        "number": 4711,
        "title": "Door jams",
        "prio": 2,
        "state": "waiting",
        "labels": [{"name": "door"}],
        "floor": 3,
    },
}


def mapped(payload: Any, mapping: str = DESK) -> Translated:
    return mapped_source("desk.yaml", mapping).translate(payload, "desk")


def opened(**ticket: Any) -> dict[str, Any]:
    return {**OPENED, "ticket": {**OPENED["ticket"], **ticket}}


def rule(**changes: str) -> str:
    members = {"type": "incident.created", "subject": "'\"1\"'", "time": "payload.at"} | changes
    return (
        "events:\n  - " + "\n    ".join(f"{name}: {text}" for name, text in members.items()) + "\n"
    )


def test_a_payload_becomes_the_event_that_its_rule_says() -> None:
    found = mapped({**OPENED, "at": "2026-11-23T10:00:00Z"})
    assert found.ignored == ()
    assert brief(found) == [
        (
            "incident.created",
            "4711",
            "2026-11-23T10:00:00.000Z",
            {
                "title": "Door jams",
                "priority": "high",
                "status": "waiting_customer",
                "tags": ["door"],
                "due": "2026-11-23T11:00:00.000Z",
                "custom": {"floor": 3},
            },
        )
    ]
    assert (found.events[0]["id"], found.events[0]["source"]) == ("d-1", "desk")


@pytest.mark.parametrize(("prio", "expected"), [(1, "low"), (2, "high"), (9, "normal")])
def test_a_table_writes_what_the_policies_know(prio: int, expected: str) -> None:
    assert mapped(opened(prio=prio)).events[0]["data"]["priority"] == expected


def test_without_else_what_the_table_does_not_have_stays() -> None:
    assert mapped(opened(state="open")).events[0]["data"]["status"] == "open"


def test_each_makes_an_event_of_every_item() -> None:
    answers = [
        {"n": 1, "at": 1_795_428_000_000, "by_us": True, "public": False},
        {"n": 2, "at": "2026-11-23T10:05:00Z", "by_us": False, "public": True},
    ]
    payload = {**OPENED, "event": "answered", "answers": answers}
    assert brief(mapped(payload)) == [
        (
            *("incident.commented", "4711", "2026-11-23T10:00:00.000Z"),
            {"author": "agent", "public": False},
        ),
        (
            *("incident.commented", "4711", "2026-11-23T10:05:00.000Z"),
            {"author": "customer", "public": True},
        ),
    ]


def test_what_a_payload_lacks_is_left_out_and_told_with_its_line() -> None:
    payload = opened()
    del payload["ticket"]["floor"]
    found = mapped(payload)
    assert "custom" not in found.events[0]["data"]
    assert any(one.startswith("desk.yaml:14: floor: ") and "floor" in one for one in found.ignored)


def test_a_payload_without_a_rule_is_told() -> None:
    assert mapped({**OPENED, "event": "printed"}).ignored == (
        "no rule of the mapping holds for this payload",
    )
    assert "desk.yaml:2: when: " in mapped({}).ignored[0]


def test_without_an_id_the_same_payload_is_the_same_event_and_another_is_not() -> None:
    mapping = rule()
    first, again, other = (
        mapped({"at": "2026-11-23T10:00:00Z", "n": n}, mapping).events[0]["id"] for n in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("changes", "payload", "said"),
    [
        ({"subject": "payload.key"}, {}, "desk.yaml:3: subject: "),
        ({"subject": "payload.key"}, {"key": [1]}, "desk.yaml:3: subject: gives no text"),
        ({}, {}, "desk.yaml:4: time: "),
        ({}, {"at": "23.11.2026 10:00"}, "desk.yaml:4: time: gives no time with an offset"),
        ({"each": "payload.at"}, {"at": 1}, "desk.yaml:5: each: gives no list"),
    ],
)
def test_what_an_event_cannot_do_without_is_a_refusal_with_its_line(
    changes: dict[str, str], payload: Any, said: str
) -> None:
    with pytest.raises(EventError) as refused:
        mapped(payload, rule(**changes))
    assert refused.value.message.startswith(said)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("", "desk.yaml:1: MISSING_KEY a mapping needs `events`"),
        ("events: {}", "desk.yaml:1: WRONG_TYPE `events` must be a list"),
        ("event: []", "UNKNOWN_KEY a mapping has no key `event`"),
        (rule(wehn="true"), "desk.yaml:5: UNKNOWN_KEY an entry of `events` has no key `wehn`"),
        (rule(type="incident.create"), "desk.yaml:2: BAD_VALUE `type` cannot be `incident.create`"),
        (rule(type="sla.time"), "`type` cannot be `sla.time`"),
        (rule(data="{priorty: payload.p}"), "has no key `priorty`"),
        (rule(data="{author: payload.p}", type="incident.resolved"), "has no key `author`"),
        (rule(subject="payload.a +"), "desk.yaml:3: CONDITION column"),
        (rule(subject="high"), "a text is written in quotes"),
        (rule(data="{team: {values: {a: b}}}"), "MISSING_KEY a value needs `value`"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_by_file_and_line(mapping: str, said: str) -> None:
    with pytest.raises(PolicyErrors) as found:
        mapped_source("desk.yaml", mapping)
    assert said in str(found.value)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(PolicyErrors) as found:
        mapped_source("desk.yaml", rule(type="x", subject="payload.", when="1 +"))
    assert len(found.value.errors) == 3


TABLE = """\
events:
  - type: {value: payload.event, values: {changed: incident.updated, said: incident.commented}}
    subject: payload.key
    data: {team: {value: payload.team, optional: true}, author: '"agent"'}
"""


def test_a_table_of_types_gives_each_event_what_it_may_carry() -> None:
    changed, said = (
        brief(mapped({"event": event, "key": 1, "team": "noc"}, TABLE))[0]
        for event in ("changed", "said")
    )
    assert (changed[0], changed[3]) == ("incident.updated", {"team": "noc"})
    assert (said[0], said[3]) == ("incident.commented", {"team": "noc", "author": "agent"})
    assert mapped({"event": "printed", "key": 1}, TABLE).ignored == (
        "desk.yaml:2: type: printed is not in `values`",
    )


def test_what_is_optional_may_be_missing_without_a_word_but_not_be_wrong() -> None:
    assert mapped({"event": "changed", "key": 1}, TABLE).ignored == ()
    wrong = TABLE.replace("payload.team", "payload.team + 1")
    assert mapped({"event": "changed", "key": 1, "team": "noc"}, wrong).ignored != ()


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("proof: hmac\nevents: []", "desk.yaml:1: BAD_VALUE `proof` cannot be `hmac`"),
        (TABLE.replace("incident.updated", "incident.update"), "`type` cannot be"),
        (TABLE.replace("optional: true", "optional: perhaps"), "`optional`"),
    ],
)
def test_mistakes_in_the_words_of_a_mapping_are_named(mapping: str, said: str) -> None:
    with pytest.raises(PolicyErrors) as found:
        mapped_source("desk.yaml", mapping)
    assert said in str(found.value)
