"""Cut-over: a desk's open tickets are loaded with their history; no old page, and right clocks.

By hand, around the clock, 40 h to resolve: a ticket of age n was opened n hours before the cut,
waited for its customer from its first to its second hour (if it is that old), and has been open
since. So an hour of its age does not count. What had its 40 h before the cut is broken, but its
page is an old one; each of the others breaks (40 - counted) hours after the cut, a new page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from sla_engine.event.times import format_time
from tests.cli.calling import Capture, call

CUT_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
HOUR_MS = 3_600_000
TARGET_H = 40
POLICIES = """\
policies:
  - name: everyone
    clocks:
      resolution: {target: 40h, pause: status_class == "waiting_customer"}
"""


def history(n: int) -> list[dict[str, Any]]:
    """A ticket of that age in hours, as an export of the desk has it."""
    opened_ms = CUT_MS - n * HOUR_MS
    steps = [("created", 0, {"priority": "high"})]
    if n >= 2:
        steps += [
            ("updated", 1, {"status": "waiting_customer"}),
            ("updated", 2, {"status": "open"}),
        ]
    return [
        {
            "specversion": "1.0",
            "id": f"load/{n}/{hours}",
            "source": "desk",
            "type": f"incident.{kind}",
            "subject": str(n),
            "time": format_time(opened_ms + hours * HOUR_MS),
            "data": data,
        }
        for kind, hours, data in steps
    ]


def counted(n: int) -> int:
    """Hours of such a ticket that count at the cut."""
    return n - 1 if n >= 2 else n


@pytest.mark.parametrize(
    "tickets", [200, pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_no_old_page_is_sent_and_the_clocks_are_right(
    capsysbinary: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tickets: int
) -> None:
    ages = {f"{i}": 1 + i % 200 for i in range(tickets)}
    events = [
        {**event, "subject": ticket, "id": f"{ticket}/{event['id']}"}
        for ticket, age in ages.items()
        for event in history(age)
    ]
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "support.yaml").write_text(POLICIES)
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"\n".join(orjson.dumps(event) for event in events))
    monkeypatch.setenv("SLA_ALERTS__NOT_BEFORE", format_time(CUT_MS))
    files = tmp_path / "alerts.jsonl", tmp_path / "clocks.jsonl"
    called = call(
        *(capsysbinary, "replay", log, "--policies", tmp_path / "policies", "--strict"),
        *("--until", format_time(CUT_MS + 24 * HOUR_MS)),
        *("--alerts", files[0], "--clocks", files[1]),
    )
    assert called.code == 0, called.err
    alerts, clocks = ([orjson.loads(x) for x in file.read_bytes().splitlines()] for file in files)

    assert all(one["time"] >= format_time(CUT_MS) for one in alerts)
    broken = {one["subject"] for one in alerts if one["type"] == "sla.clock.breached"}
    assert broken == {t for t, age in ages.items() if TARGET_H - 24 < counted(age) <= TARGET_H}
    assert len(clocks) == tickets
    for clock in clocks:
        age = ages[clock["incident"]]
        assert clock["started"] == format_time(CUT_MS - age * HOUR_MS)
        assert clock["elapsed_ms"] == (counted(age) + 24) * HOUR_MS
        assert clock["paused_ms"] == (age - counted(age)) * HOUR_MS
        assert clock["breached"] is (counted(age) + 24 > TARGET_H)
