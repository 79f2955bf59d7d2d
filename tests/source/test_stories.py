"""A ticket's life as vendors send it - shuffled, twice, with gaps - gives the clocks of the day.

The clocks are worked out by hand: office hours are 9 to 17 in Berlin, 8 to 16 UTC in November.

  09:00Z Mon  opened, priority high: 4 h to resolve, 1 h to answer
  09:30Z      an agent answers and waits for the customer     answered after 30 min; 30 min worked
  14:00Z      the customer writes, the ticket is open again   4 h 30 min of waiting do not count
  16:00Z      the office closes                               2 h 30 min worked
  08:00Z Tue  the office opens                                1 h 30 min left: due at 09:30Z
  10:00Z      solved                                          4 h 30 min worked, broken at 09:30Z
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.calling import Capture, call
from tests.source.examples import changed, payload, translated

pytestmark = pytest.mark.timeout(900)

POLICIES = """\
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: [09:00-17:00]}}}
defaults: {calendar: office}
policies:
  - name: everyone
    clocks:
      first_response: {target: 1h}
      resolution: {target: {high: 4h, default: 8h}, pause: status_class == "waiting_customer"}
"""
#: On call around the clock: 15 min to take it, an hour to mend it.
ON_CALL = """\
priorities: {urgent: [p1], high: [p2], normal: [p3], low: [p4]}
policies:
  - name: everyone
    clocks: {acknowledge: {target: 15m}, resolution: {target: {urgent: 30m, default: 1h}}}
"""
MINUTE_MS = 60_000
ON_CALL_EXPECTED = {
    "acknowledge": {
        "state": "met",
        "breached": False,
        "started": "2026-11-23T09:00:00.000Z",
        "elapsed_ms": 250_000,
    },
    "resolution": {
        "state": "met",
        "breached": True,
        "breached_at": "2026-11-23T09:30:00.001Z",
        "stopped": "2026-11-23T09:40:00.000Z",
        "elapsed_ms": 40 * MINUTE_MS,
    },
}
EXPECTED = {
    "first_response": {
        "state": "met",
        "breached": False,
        "started": "2026-11-23T09:00:00.000Z",
        "stopped": "2026-11-23T09:30:00.000Z",
        "elapsed_ms": 30 * MINUTE_MS,
    },
    "resolution": {
        "state": "met",
        "breached": True,
        "started": "2026-11-23T09:00:00.000Z",
        "stopped": "2026-11-24T10:00:00.000Z",
        "breached_at": "2026-11-24T09:30:00.001Z",
        "elapsed_ms": 270 * MINUTE_MS,
        "paused_ms": 270 * MINUTE_MS,
    },
}
OPENED, ANSWERED, REOPENED, SOLVED = (
    "2026-11-23T09:00:00Z",
    "2026-11-23T09:30:00Z",
    "2026-11-23T14:00:00Z",
    "2026-11-24T10:00:00Z",
)


def zendesk() -> list[Any]:
    """Each status comes as an event of its own beside the comment of the same action."""
    times = (ANSWERED, REOPENED, SOLVED)
    statuses = dict(zip(times, ("PENDING", "OPEN", "SOLVED"), strict=True))
    created = changed(payload("zendesk-created"), "time", to=OPENED)
    sent = [created]
    for number, (time, status) in enumerate(statuses.items()):
        value = changed(payload("zendesk-status-changed"), "time", to=time)
        value |= {"id": f"s{number}", "event": {"current": status}}
        value["detail"] |= {"status": status, "updated_at": time}
        sent.append(value)
    for number, (time, staff) in enumerate(((ANSWERED, True), (REOPENED, False))):
        value = changed(payload("zendesk-comment-added"), "time", to=time)
        value["id"] = f"c{number}"
        value["detail"] |= {"status": statuses[time], "updated_at": time}
        author = {"id": "7001" if staff else "8001", "is_staff": staff}
        value["event"]["comment"]["author"] = author
        sent.append(value)
    return sent


def jira() -> list[Any]:
    """Sent late: `issue.fields` always shows the last state; the changelog is all there is."""
    created = changed(payload("jira-created"), "timestamp", to=1_795_424_400_000)
    sent = [created]
    changes = (
        (1_795_424_400_000 + 30 * MINUTE_MS, "Waiting for customer"),
        (1_795_424_400_000 + 300 * MINUTE_MS, "Waiting for support"),
        (1_795_424_400_000 + 1500 * MINUTE_MS, "Resolved"),
    )
    for number, (timestamp, status) in enumerate(changes):
        value = changed(payload("jira-updated"), "timestamp", to=timestamp)
        value["issue"]["fields"] |= {
            "updated": SOLVED,
            "status": {"name": "Resolved", "statusCategory": {"key": "done"}},
        }
        items = [{"field": "status", "fromString": "x", "toString": status}]
        value["changelog"] = {"id": str(number), "items": items}
        sent.append(value)
    for number, (time, author) in enumerate(((ANSWERED, "acc-kim"), (REOPENED, "acc-ann"))):
        value = changed(payload("jira-comment"), "comment", "created", to=time)
        value["comment"] |= {"id": str(number), "author": {"accountId": author}}
        sent.append(value)
    return sent


def clocks(
    capture: Capture,
    folder: Path,
    events: Sequence[Any],
    order: str,
    expected: Mapping[str, Mapping[str, Any]] = EXPECTED,
    policies: str = POLICIES,
) -> dict[str, dict[str, Any]]:
    """What a replay reports of the clocks that are expected, member by member."""
    (folder / "support.yaml").write_text(policies)
    log = folder / "events.jsonl"
    log.write_bytes(b"\n".join(orjson.dumps(event) for event in events))
    called = call(
        *(capture, "replay", log, "--policies", folder, "--order", order),
        *("--clocks", "-", "--strict"),
    )
    assert called.code == 0, called.err
    found = {clock["clock"]: clock for clock in called.objects()}
    return {
        name: {member: found[name][member] for member in members}
        for name, members in expected.items()
        if name in found
    }


def events_of(kind: str, payloads: Sequence[Any]) -> list[Any]:
    return list(chain.from_iterable(translated(kind, value).events for value in payloads))


@pytest.mark.parametrize(("kind", "story"), [("zendesk", zendesk), ("jira", jira)])
def test_the_clocks_are_those_worked_out_by_hand(
    capsysbinary: Capture, tmp_path: Path, kind: str, story: Callable[[], list[Any]]
) -> None:
    assert clocks(capsysbinary, tmp_path, events_of(kind, story()), "event") == EXPECTED


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kind", "story"), [("zendesk", zendesk), ("jira", jira)])
def test_and_so_they_are_shuffled_and_sent_twice(
    capsysbinary: Capture, tmp_path: Path, kind: str, story: Callable[[], list[Any]], seed: int
) -> None:
    payloads = story() * 2
    random.Random(seed).shuffle(payloads)
    assert clocks(capsysbinary, tmp_path, events_of(kind, payloads), "arrival") == EXPECTED


@pytest.mark.parametrize("dropped", range(6))
def test_zendesks_other_webhooks_make_up_for_one_that_was_dropped(
    capsysbinary: Capture, tmp_path: Path, dropped: int
) -> None:
    """Comment and status of one action tell the same state, and every event when it was opened.

    What nothing makes up for: the last status; who answered, which a comment alone says; and the
    opening, if the first that is heard of a ticket is an agent's comment: that asks for no answer.
    """
    payloads = zendesk()
    lost = payloads.pop(dropped)
    found = clocks(capsysbinary, tmp_path, events_of("zendesk", payloads), "event")
    if lost["id"] == "s2":
        assert found["resolution"]["state"] == "running"
    elif lost["id"] in ("c0", "e-1"):
        assert found.get("first_response", {}).get("state") != "met"
        assert found["resolution"] == EXPECTED["resolution"]
    else:
        assert found == EXPECTED


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dropped", [None, "pagerduty-annotated"])
def test_pagerdutys_incident_is_taken_in_time_and_mended_too_late(
    capsysbinary: Capture, tmp_path: Path, dropped: str | None, seed: int
) -> None:
    """Opened 09:00:00, taken 09:04:10, solved 09:40: P1 has half an hour, broken at 09:30."""
    names = [f"pagerduty-{name}" for name in ("triggered", "acknowledged", "annotated", "resolved")]
    payloads = [payload(name) for name in names if name != dropped] * 2
    random.Random(seed).shuffle(payloads)
    events = events_of("pagerduty", payloads)
    found = clocks(capsysbinary, tmp_path, events, "arrival", ON_CALL_EXPECTED, ON_CALL)
    assert found == ON_CALL_EXPECTED
