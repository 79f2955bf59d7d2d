"""A vendor's ticket breaks its promise; the note comes back; its echo moves no clock (G26).

Worked out by hand: opened at 09:00Z on Monday 2026-11-23, an hour to resolve, a quarter of an hour
to take it. Nobody does: acknowledge breaks at 09:15, resolution at 10:00. The engine tags the
ticket, gives it to agent 7001 and writes a note. The vendor tells of that by webhooks at 10:00:05,
whose actor is the account that the engine writes with. Resolved at 11:00.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.calling import Capture, call
from tests.deliver.delivering import MemoryAlerts, delivering
from tests.deliver.receiver import receiver
from tests.deliver.test_desks import DONE, SECRETS, Zendesk, plan_for
from tests.source.examples import changed, payload, translated

pytestmark = pytest.mark.timeout(900)

ACCOUNT = "9009"
POLICIES = """\
recipients: {lead: {}}
policies:
  - name: everyone
    clocks: {acknowledge: {target: 15m}, resolution: {target: 1h}}
    escalations:
      - at: breach
        clocks: [resolution]
        notify: lead
        tag: sla-breached
        reassign: {assignee: "7001"}
"""
OPENED, ECHO, SOLVED = "2026-11-23T09:00:00Z", "2026-11-23T10:00:05Z", "2026-11-23T11:00:00Z"
TICKET = "4711"


def ticket(name: str, time: str, actor: str, **event: Any) -> Any:
    """A webhook of Zendesk about the ticket."""
    value = changed(payload(f"zendesk-{name}"), "time", to=time)
    value["detail"] |= {
        "id": TICKET,
        "actor_id": actor,
        "created_at": OPENED,
        "updated_at": time,
        "status": "OPEN",
        "assignee_id": None,
    }
    value["id"] = f"{name}-{time}-{actor}"
    if event:
        value["event"] = event
    return value


def replayed(
    capture: Capture, folder: Path, payloads: Sequence[Any], wanted: str
) -> list[dict[str, Any]]:
    """The clocks or the alerts of a replay."""
    (folder / "support.yaml").write_text(POLICIES)
    events = [event for one in payloads for event in translated("zendesk", one).events]
    log = folder / "events.jsonl"
    log.write_bytes(b"\n".join(orjson.dumps(event) for event in events))
    called = call(capture, "replay", log, "--policies", folder, f"--{wanted}", "-", "--strict")
    assert called.code == 0, called.err
    found: list[dict[str, Any]] = called.objects()
    return found


def test_the_note_comes_once_and_its_echo_moves_no_clock(
    capsysbinary: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ticket("created", OPENED, "8001")
    solved = ticket("status-changed", SOLVED, "7002", current="SOLVED")
    solved["detail"]["status"] = "SOLVED"
    story = [opened, solved]
    alerts = replayed(capsysbinary, tmp_path, story, "alerts")
    times = {one["data"]["clock"]: one["time"] for one in alerts if "breached" in one["type"]}
    assert times == {
        "acknowledge": "2026-11-23T09:15:00.001Z",
        "resolution": "2026-11-23T10:00:00.001Z",
    }

    vendor, log = Zendesk(), MemoryAlerts()
    log.add(*(one for one in alerts if one["data"]["clock"] == "resolution"), *alerts)
    with receiver(vendor.answer) as desk:
        with delivering(plan_for("zendesk", desk), log, tmp_path, secrets=SECRETS) as running:
            running.wait_until(DONE, [(len(alerts),)])
    about = [one["body"] for one in vendor.notes if "breached: 4711 resolution" in one["body"]]
    assert len(about) == 1
    assert vendor.tags == {"sla-breached"}
    assert vendor.fields == {"assignee_id": 7001}

    author = {"id": ACCOUNT, "is_staff": True}
    comment = {"comment": {"id": "1", "body": about[0], "is_public": True, "author": author}}
    echo = [
        ticket("comment-added", ECHO, ACCOUNT, **comment),
        ticket("status-changed", ECHO, ACCOUNT, current="7001"),
    ]
    echo[1]["type"] = "zen:event-type:ticket.agent_assignment_changed"
    for one in echo:
        one["detail"]["assignee_id"] = "7001"
    before = replayed(capsysbinary, tmp_path, story, "clocks")
    monkeypatch.setenv("SLA_ENGINE__ACTORS", f"sla-engine,{ACCOUNT}")
    assert replayed(capsysbinary, tmp_path, [*story, *echo], "clocks") == before
    monkeypatch.setenv("SLA_ENGINE__ACTORS", "sla-engine")
    after = replayed(capsysbinary, tmp_path, [*story, *echo], "clocks")
    stopped = {one["clock"]: one["stopped"] for one in after}
    assert stopped["acknowledge"] == "2026-11-23T10:00:05.000Z", "somebody else's would have"
