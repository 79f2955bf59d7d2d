"""The package's mapping files: what a payload of each vendor becomes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.cli.sources import shipped, source_named
from sla_engine.errors import ConfigError, EventError
from sla_engine.event.draft import Problem
from sla_engine.event.normalise import normalise
from sla_engine.source.model import RECEIVED, Translated, dated
from sla_engine.source.signature import Scheme
from tests.source.examples import FOLDER, brief
from tests.source.test_any_payload import ODD, places

NOW_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
MAPPED = FOLDER / "mapped"
EXAMPLES = sorted(path.stem for path in MAPPED.glob("*.json"))


def vendor(name: str) -> str:
    return max((one for one in shipped() if name.startswith(f"{one}-")), key=len)


def translated(name: str) -> Translated:
    value = orjson.loads((MAPPED / f"{name}.json").read_bytes())
    return source_named(vendor(name)).translate(value, "desk")


def test_every_mapping_has_an_example() -> None:
    assert {vendor(name) for name in EXAMPLES} == set(shipped())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "freshdesk-created",
            [
                (
                    *("incident.created", "4711", RECEIVED),
                    {
                        "title": "Scanner at the gate does not read",
                        "url": "https://desk.example/a/tickets/4711",
                        "kind": "Incident",
                        "team": "Gate",
                        "assignee": None,
                        "priority": "urgent",
                        "status": "open",
                    },
                )
            ],
        ),
        (
            "freshdesk-status",
            [
                (
                    *("incident.updated", "4711", RECEIVED),
                    {
                        "team": "Gate",
                        "assignee": "Kim",
                        "priority": "urgent",
                        "status": "waiting_vendor",
                    },
                )
            ],
        ),
        (
            "freshdesk-note",
            [
                ("incident.updated", "4711", RECEIVED, {"priority": "urgent", "status": "open"}),
                ("incident.commented", "4711", RECEIVED, {"author": "agent", "public": True}),
            ],
        ),
        (
            "zammad-article",
            [
                (
                    *("incident.updated", "10081", "2026-11-23T09:30:00.333Z"),
                    {
                        "opened_at": "2026-11-23T09:00:00.282Z",
                        "title": "Door of hall 3 jams",
                        "status": "on_hold",
                        "priority": "high",
                        "team": "Facilities",
                        "assignee": "kim@desk.example",
                        "customer": "Acme",
                        "requester": "ann@acme.example",
                        "channel": "phone",
                        "actor": "kim@desk.example",
                    },
                ),
                (
                    *("incident.commented", "10081", "2026-11-23T09:30:00.318Z"),
                    {
                        "opened_at": "2026-11-23T09:00:00.282Z",
                        "author": "agent",
                        "author_id": "kim@desk.example",
                        "public": True,
                    },
                ),
            ],
        ),
        (
            "chatwoot-status",
            [
                (
                    *("incident.updated", "10", "2026-11-23T10:00:00.250Z"),
                    {
                        "status": "waiting_customer",
                        "priority": "normal",
                        "team": "night",
                        "assignee": "1",
                        "requester": "12",
                        "channel": "Channel::WebWidget",
                        "product": "1",
                        "tags": ["vip"],
                    },
                )
            ],
        ),
        (
            "chatwoot-message",
            [
                (
                    *("incident.commented", "10", "2026-11-23T10:02:48.000Z"),
                    {"author": "customer", "author_id": "12", "public": True},
                )
            ],
        ),
        ("chatwoot-typing", []),
        (
            "zendesk-trigger-comment",
            [
                (
                    *("incident.updated", "35436", "2026-11-23T10:00:00.000Z"),
                    {
                        "opened_at": "2026-11-23T09:00:00Z",
                        "title": "Printer offline",
                        "status": "waiting_customer",
                        "priority": "high",
                        "kind": None,
                        "team": "Field",
                        "assignee": None,
                        "customer": "Acme",
                    },
                ),
                (
                    *("incident.commented", "35436", "2026-11-23T10:00:00.000Z"),
                    {"author": "agent", "public": True},
                ),
            ],
        ),
        (
            "generic-updated",
            [
                (
                    *("incident.updated", "4711", "2026-11-23T10:00:00.000Z"),
                    {"priority": "high", "status": "waiting_customer", "tags": ["vip"]},
                )
            ],
        ),
        (
            "generic-commented",
            [("incident.commented", "4711", RECEIVED, {"author": "customer", "public": True})],
        ),
        (
            "standard-webhooks-updated",
            [
                (
                    *("incident.updated", "4711", "2026-11-23T10:00:00.000Z"),
                    {"status": "resolved", "team": "night"},
                )
            ],
        ),
    ],
)
def test_what_a_payload_becomes(name: str, expected: list[Any]) -> None:
    assert brief(translated(name)) == expected


def test_zammads_unassigned_ticket_and_internal_note() -> None:
    ticket, note = brief(translated("zammad-note"))
    assert ticket[3]["assignee"] is None
    assert (note[3]["author"], note[3]["public"]) == ("system", False)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_workers_take_what_comes_out(name: str) -> None:
    for event in translated(name).events:
        found = normalise(orjson.dumps(dated(event, NOW_MS)), frozenset(), None)
        assert not isinstance(found, Problem), found


def test_without_a_time_two_alike_webhooks_are_two_events() -> None:
    (event,) = translated("generic-commented").events
    first, again = (dated(event, NOW_MS + later) for later in (0, 1))
    assert first["time"] == "2026-11-23T10:00:00.000Z"
    assert first["id"] != again["id"]
    (timed,) = translated("generic-updated").events
    assert dated(timed, NOW_MS) == timed


@pytest.mark.parametrize("name", EXAMPLES)
@given(data=st.data())
def test_a_changed_example_gives_events_or_a_refusal(name: str, data: st.DataObject) -> None:
    value = orjson.loads((MAPPED / f"{name}.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        container, place = data.draw(st.sampled_from(places(value)))
        container[place] = data.draw(ODD)
        if not places(value):
            break
    source = source_named(vendor(name))
    try:
        found = source.translate(value, "desk")
    except EventError:
        return
    for event in found.events:
        assert event["id"]
        assert event["subject"]
        orjson.dumps(event)


def test_their_proofs_are_those_their_vendors_give() -> None:
    assert {name: source_named(name).scheme for name in shipped()} == {
        "chatwoot": Scheme.CHATWOOT,
        "freshdesk": Scheme.BEARER,
        "generic": Scheme.BEARER,
        "standard-webhooks": Scheme.STANDARD,
        "zammad": Scheme.HUB_SHA1,
        "zendesk-trigger": Scheme.ZENDESK,
    }


def test_a_name_that_is_not_known_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="freshdesk, generic"):
        source_named("frehsdesk")
