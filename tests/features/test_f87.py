"""F87: the log of what happened to a clock, entry by entry."""

from __future__ import annotations

from typing import Any

from sla_engine.engine.clock_log import clock_log
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.event.decode import Decoder
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from tests.features.telling import Record, event, instant, lines, published
from tests.features.test_f88 import EVENTS, POLICIES

BREACH = "default/X/default/resolution/1/breach"


def logged(events: list[Record], at: str) -> list[dict[str, Any]]:
    """The log of the events in their own order."""
    replay = Replay(load_text(POLICIES))
    replay.add(lines(events))
    folded = replay.incident("default", "X", parse_time_text(instant(at)))
    assert folded is not None
    return list(clock_log(Folder(replay.book), folded))


def arriving(events: list[Record], at: str) -> list[dict[str, Any]]:
    """The log of the events in the order in which they are given."""
    folder = Folder(RuleBook(load_text(POLICIES)))
    batch = Decoder().decode_lines(lines(events))
    return list(clock_log(folder, folder.fold(batch, parse_time_text(instant(at)), report=True)))


def story(entries: list[dict[str, Any]]) -> list[tuple[str, str, str | None, str]]:
    """(time, entry, event, status) of each."""
    return [
        (
            one["time"][11:].removesuffix("Z").removesuffix(".000"),
            one["entry"],
            one["event"] and one["event"]["id"],
            one["status"] + (" breached" if one["breached"] else ""),
        )
        for one in entries
    ]


TOLD = [
    ("09:00:00", "activate", "e1", "running"),
    ("09:00:00", "apply", "e1", "running"),
    ("10:00:00", "pause", "e2", "paused"),
    ("11:00:00", "activate", "e4", "running"),
    ("14:00:00.001", "breach", None, "running breached"),
    ("15:00:00", "fulfil", "e5", "met breached"),
]


def test_a_clock_tells_of_its_life_with_the_event_behind_each_entry() -> None:
    entries = logged(EVENTS, "16:00")
    assert story(entries) == TOLD
    assert {one["instance"] for one in entries} == {"default/X/default/resolution/1"}
    (applied,) = (one for one in entries if one["entry"] == "apply")
    assert (applied["policy"], applied["target_ms"]) == ("all", 4 * 3_600_000)
    assert len(applied["policy_version"]) == len(applied["calendar_version"]) == 12
    assert applied["due"] == "2026-01-12T13:00:00.000Z"


def test_not_in_it_is_what_has_not_come_yet() -> None:
    assert story(logged(EVENTS, "14:00")) == TOLD[:4]


def test_an_exclusion_is_a_correction_with_who_and_why_and_takes_nothing_away() -> None:
    out = {"from": instant("11:30"), "to": instant("13:30")}
    override = event(6, "clock.overridden", "16:00", clock="resolution", exclude=out,
                     actor="lead", reason="outage of ours")  # fmt: skip
    *before, correct = logged([*EVENTS, override], "16:30")
    assert story(before) == TOLD
    assert (correct["entry"], correct["event"]["id"], correct["breached"]) == ("correct", "e6", 0)
    assert correct["changes"]["breached_at"] == ["2026-01-12T14:00:00.001Z", None]
    assert correct["changes"]["excluded_ms"] == [0, 2 * 3_600_000]
    assert BREACH in correct["retracts"]
    assert (correct["actor"], correct["reason"]) == ("lead", "outage of ours")


def test_a_due_set_by_hand_is_a_correction() -> None:
    pin = event(6, "clock.overridden", "09:30", clock="resolution", due=instant("12:00"),
                actor="lead", reason="promised")  # fmt: skip
    entries = logged([EVENTS[0], pin], "11:00")
    assert [one["entry"] for one in entries] == ["activate", "apply", "correct"]
    correct = entries[-1]
    assert correct["changes"] == {"due": ["2026-01-12T13:00:00.000Z", "2026-01-12T12:00:00.000Z"]}
    assert (correct["actor"], correct["reason"]) == ("lead", "promised")


def test_a_late_event_corrects_what_was_logged_before_it_came() -> None:
    late = event(6, "resolved", "12:00")
    entries = arriving([*EVENTS[:4], event(7, "updated", "14:30", title="t"), late], "16:00")
    assert story(entries)[:5] == TOLD[:5]
    correct, fulfil = sorted(entries[5:], key=lambda one: str(one["entry"]))
    assert (correct["entry"], correct["late"], correct["retracts"]) == ("correct", True, [BREACH])
    assert correct["changes"]["breached_at"] == ["2026-01-12T14:00:00.001Z", None]
    assert (fulfil["entry"], fulfil["time"][11:16], fulfil["status"]) == ("fulfil", "12:00", "met")
    assert fulfil["recorded"] == "2026-01-12T14:30:00.000Z"


def test_another_policy_is_applied_once() -> None:
    other = POLICIES.replace("  - name: all", "  - name: gold\n    when: tier == 'gold'\n"
                             "    clocks: {resolution: {target: 2h}}\n  - name: all")  # fmt: skip
    replay = Replay(load_text(other))
    replay.add(lines([EVENTS[0], event(2, "updated", "09:30", tier="gold")]))
    folded = replay.incident("default", "X", parse_time_text(instant("10:00")))
    assert folded is not None
    applied = [e for e in clock_log(Folder(replay.book), folded) if e["entry"] == "apply"]
    assert [(e["policy"], e["due"][11:16], e["event"]["id"]) for e in applied] == [
        ("all", "13:00", "e1"),
        ("gold", "11:00", "e2"),
    ]


def test_an_edit_of_the_policies_is_applied_at_its_instant_and_to_no_pinned_clock() -> None:
    for mode, times in (("from_now", ["09:00", "12:00"]), ("pin", ["09:00"])):
        edited = POLICIES.replace("target: 4h", f"target: 6h, on_edit: {mode}")
        assert edited != POLICIES
        replay = Replay(load_text(POLICIES), published=[load_text(edited)])
        replay.add(lines([*EVENTS[:4], published(9, edited, "12:00")]))
        folded = replay.incident("default", "X", parse_time_text(instant("13:00")))
        assert folded is not None
        entries = clock_log(Folder(replay.book), folded)
        applied = [one for one in entries if one["entry"] == "apply"]
        assert [one["time"][11:16] for one in applied] == times
