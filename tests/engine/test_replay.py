"""Replay: what pieces, partitions and the order of lines must not change; what is dead."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest

from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.engine.report import clock_reports
from sla_engine.event.decode import Decoder
from sla_engine.policy import PolicySet, load_text
from sla_engine.policy.tables import RuleBook
from sla_engine.stream.murmur2 import partition_of
from tests.reference.generate import arrival, policy_set, story
from tests.reference.times import parse_time

Record = dict[str, Any]

START = parse_time("2026-01-12")
POLICIES = """
recipients: {lead: {}}
policies:
  - name: everyone
    clocks:
      resolution: {target: 4h}
      first_response: {target: 1h}
      update: {every: 2h, from: opened}
    escalations: [{at: 50%, notify: team}, {at: breach, page: lead}]
"""


def event(number: int, kind: str, at: str, subject: str = "X", **data: Any) -> Record:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "desk",
        "type": kind if "." in kind else f"incident.{kind}",
        "subject": subject,
        "time": f"2026-01-12T{at}:00Z",
        "data": data,
    }


def lines(events: list[Record]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in events)


def replayed(policies: PolicySet, events: list[Record], until: str | None = None) -> Replay:
    replay = Replay(policies, keep_raw=True)
    replay.add(lines(events))
    return replay


def everything(replay: Replay, end_ms: int | None = None, **how: Any) -> tuple[bytes, bytes]:
    """Clocks and alerts as a replay writes them."""
    clocks: list[Record] = []
    alerts: list[Record] = []
    for incident in replay.incidents(replay.end_ms(end_ms), **how):
        own = incident.alerts()
        clocks += incident.clocks(own)
        alerts += own
    alerts.sort(key=lambda one: (one["time"], one["tenant"], one["subject"], one["id"]))
    return lines(clocks), lines(alerts)


def clocks_of(replay: Replay, end_ms: int | None = None) -> dict[tuple[str, str, int], Record]:
    found = [orjson.loads(line) for line in everything(replay, end_ms)[0].splitlines()]
    return {(one["incident"], one["clock"], one["cycle"]): one for one in found}


def dead(replay: Replay) -> list[tuple[str, int | None]]:
    return [(one.code, one.line) for one in replay.log.dead_letters()]


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_text(POLICIES)


# --------------------------------------------------------------------- what must not matter


def crowd(seed: int) -> tuple[PolicySet, list[Record]]:
    """A random policy set, and many incidents under it, late and doubled events among them."""
    rng = Random(seed)
    policies = load_text(orjson.dumps(policy_set(rng, 1)).decode())
    events: list[Record] = []
    for number in range(40):
        events += story(rng, 1, START + rng.randrange(0, 600) * 900_000, f"I{number}")
    return policies, arrival(rng, events)


@pytest.mark.parametrize("seed", range(6))
def test_many_incidents_together_are_what_each_is_alone(seed: int) -> None:
    policies, events = crowd(seed)
    replay = replayed(policies, events)
    end_ms = replay.end_ms(None)
    book = RuleBook(policies)
    folder = Folder(book)
    for incident in replay.incidents(end_ms):
        own = [one for one in events if one["subject"] == incident.incident]
        folded = folder.fold(Decoder().decode_lines(lines(own)), end_ms, report=True)
        alerts = folder.render(folded)
        assert incident.alerts() == alerts
        assert incident.clocks(alerts) == clock_reports(book, folded, alerts)


@pytest.mark.parametrize("partitions", [1, 4, 64])
def test_the_number_of_partitions_changes_no_byte(partitions: int) -> None:
    policies, events = crowd(1)
    once = everything(replayed(policies, events))
    assert once[0]
    assert once[1]
    apart = everything(
        replayed(policies, events),
        partitions=partitions,
        place=lambda incident: partition_of(incident.encode(), partitions),
    )
    assert apart == once


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_lines_and_duplicates_change_no_byte(seed: int) -> None:
    policies, events = crowd(seed)
    once = everything(replayed(policies, events))
    shuffled = [*events, *events[::3]]
    Random(seed).shuffle(shuffled)
    again = replayed(policies, shuffled)
    assert everything(again) == once
    assert again.duplicates >= len(events[::3])
    assert dead(again) == []


def test_pieces_of_the_file_do_not_matter_and_lines_are_counted_through(
    policies: PolicySet,
) -> None:
    events = [event(n, "created", f"09:{n:02d}", f"I{n}") for n in range(10)]
    whole = Replay(policies)
    whole.add(lines(events) + b"broken\n")
    parts = Replay(policies)
    for one in events:
        parts.add(b"\n" + lines([one]))
    parts.add(b"broken")
    assert everything(parts) == everything(whole)
    assert dead(whole) == [("NOT_JSON", 11)]
    assert dead(parts) == [("NOT_JSON", 21)]


def test_incidents_come_sorted_by_tenant_and_incident(policies: PolicySet) -> None:
    events = [
        {**event(1, "created", "09:00", subject), "tenant": tenant}
        for tenant in ("b", "a", "default")
        for subject in ("2", "10", "ü")
    ]
    found = [(i.tenant, i.incident) for i in replayed(policies, events).incidents(START)]
    assert found == []
    replay = replayed(policies, events)
    found = [(i.tenant, i.incident) for i in replay.incidents(replay.end_ms(None))]
    assert found == [(t, s) for t in ("a", "b", "default") for s in ("10", "2", "ü")]


def test_more_cycles_than_the_output_was_made_for(policies: PolicySet) -> None:
    """Every reply starts a new cycle of `update`: the arrays grow on the way."""
    events = [event(0, "created", "00:00")]
    for n in range(1, 1400):
        at = f"{n // 60 % 24:02d}:{n % 60:02d}"
        reply = event(n, "commented", at, author="agent")
        reply["time"] = f"2026-01-{12 + n // 1440:02d}T{at}:00Z"
        events.append(reply)
    cycles = [key[2] for key in clocks_of(replayed(policies, events)) if key[1] == "update"]
    assert sorted(cycles) == list(range(1, 1401))


# --------------------------------------------------------------------- time


def test_time_ends_at_the_last_event_or_at_until_if_that_is_later(policies: PolicySet) -> None:
    replay = replayed(policies, [event(1, "created", "09:00"), event(2, "created", "10:00", "Y")])
    ten, eleven = parse_time("2026-01-12T10:00:00Z"), parse_time("2026-01-12T11:00:00Z")
    assert replay.end_ms(None) == ten
    assert replay.end_ms(eleven) == eleven
    assert replay.end_ms(START) == ten
    assert clocks_of(replay, eleven)["X", "first_response", 1]["breached"] is True


def test_the_time_on_the_log_moves_time(policies: PolicySet) -> None:
    told = [event(1, "created", "09:00"), event(2, "sla.time", "13:00", "time")]
    replay = replayed(policies, told)
    assert clocks_of(replay)["X", "resolution", 1]["as_of"] == "2026-01-12T13:00:00.000Z"
    assert replay.log.control == {"sla.time": 1}


def test_nothing_at_all_is_no_error(policies: PolicySet) -> None:
    replay = Replay(policies)
    assert everything(replay) == (b"", b"")
    assert replay.incident("default", "X", 0) is None


# --------------------------------------------------------------------- dead letters


def test_the_same_id_with_another_content_is_a_conflict(policies: PolicySet) -> None:
    first = event(1, "created", "09:00", priority="high")
    replay = replayed(policies, [first, {**first, "data": {"priority": "low"}}, first])
    assert {key[0] for key in clocks_of(replay)} == {"X"}
    assert dead(replay) == [("CONFLICT", 2)]
    assert replay.duplicates == 1
    (letter,) = replay.log.dead_letters()
    assert orjson.loads(letter.raw)["data"] == {"priority": "low"}


def test_one_id_of_two_incidents_is_no_duplicate(policies: PolicySet) -> None:
    replay = replayed(policies, [event(1, "created", "09:00"), event(1, "created", "09:00", "Y")])
    assert {key[0] for key in clocks_of(replay)} == {"X", "Y"}
    assert replay.duplicates == 0


def test_what_comes_after_a_deletion_is_dead(policies: PolicySet) -> None:
    events = [
        event(3, "commented", "11:00", author="agent"),
        event(1, "created", "09:00"),
        event(2, "deleted", "10:00"),
    ]
    replay = replayed(policies, events)
    clocks = clocks_of(replay)
    assert {one["state"] for one in clocks.values()} == {"cancelled"}
    assert {one["stopped"] for one in clocks.values()} == {"2026-01-12T10:00:00.000Z"}
    assert dead(replay) == [("DELETED", 1)]


def test_a_refused_event_keeps_its_bytes_only_when_asked(policies: PolicySet) -> None:
    replay = Replay(policies)
    line = b'{"specversion": "1.0"}'
    replay.add(line + b"\n")
    (letter,) = replay.log.dead_letters()
    assert (letter.code, letter.line, letter.raw) == ("NOT_CLOUDEVENT", 1, line)
    assert "id" in letter.message


# --------------------------------------------------------------------- merges


def history(policies: PolicySet, replay: Replay, incident: str) -> list[str]:
    """What an incident was told, as `type from/into`."""
    end_ms = replay.end_ms(None)
    folded = replay.incident("default", incident, end_ms)
    assert folded is not None
    from sla_engine.engine.explain import explain

    told = explain(Folder(RuleBook(policies)), folded)["events"]
    return [
        f"{one['type'].removeprefix('incident.')} {one['data'].get('from', '')}".strip()
        for one in told
    ]


def test_a_merge_tells_the_target(policies: PolicySet) -> None:
    replay = replayed(
        policies,
        [
            event(1, "created", "09:00", "A", opened_at="2026-01-12T08:00:00Z"),
            event(2, "created", "09:30", "B"),
            event(3, "merged", "10:00", "A", into="B"),
        ],
    )
    assert history(policies, replay, "B") == ["created", "absorbed A"]
    folded = replay.incident("default", "B", replay.end_ms(None))
    assert folded is not None
    clocks = clocks_of(replay)
    assert clocks["A", "resolution", 1]["state"] == "cancelled"
    assert clocks["B", "resolution", 1]["state"] == "running"
    assert dead(replay) == []


def test_a_merge_into_an_unknown_incident_opens_it(policies: PolicySet) -> None:
    replay = replayed(
        policies, [event(1, "created", "09:00", "A"), event(2, "merged", "10:00", "A", into="B")]
    )
    assert ("B", "resolution", 1) in clocks_of(replay)


def test_the_absorbed_event_on_the_log_counts_once(policies: PolicySet) -> None:
    recorded = {
        **event(0, "absorbed", "10:00", "B"),
        "source": "sla-engine",
        "id": "default/A/B/absorbed",
        "data": {"from": "A", "opened_at": "2026-01-12T09:00:00.000Z", "absorbed": []},
    }
    replay = replayed(
        policies,
        [
            event(1, "created", "09:00", "A"),
            event(2, "merged", "10:00", "A", into="B"),
            recorded,
        ],
    )
    assert history(policies, replay, "B") == ["absorbed A"]
    assert dead(replay) == []


def test_what_comes_after_a_merge_is_dead(policies: PolicySet) -> None:
    replay = replayed(
        policies,
        [
            event(1, "created", "09:00", "A"),
            event(2, "merged", "10:00", "A", into="B"),
            event(3, "updated", "10:01", "A", status="resolved"),
            event(4, "updated", "09:59", "A", status="pending"),
        ],
    )
    everything(replay)
    assert dead(replay) == [("MERGED", 3)]


def test_a_chain_of_merges_hands_on_what_was_absorbed(policies: PolicySet) -> None:
    replay = replayed(
        policies,
        [
            *(event(n, "created", "09:00", name) for n, name in enumerate("ABC")),
            event(4, "merged", "11:00", "B", into="C"),
            event(5, "merged", "10:00", "A", into="B"),
            event(6, "merged", "12:00", "C", into="A"),
        ],
    )
    everything(replay)
    # A was merged at 10:00 and C has absorbed B and A by then: its merge into A is circular.
    assert dead(replay) == [("MERGED", 6)]
    assert clocks_of(replay)["C", "resolution", 1]["state"] == "running"


@pytest.mark.parametrize("target", ["A", "B"])
def test_a_circular_merge_is_refused_and_the_incident_goes_on(
    policies: PolicySet, target: str
) -> None:
    replay = replayed(
        policies,
        [
            event(1, "created", "09:00", "A"),
            event(2, "created", "09:00", "B"),
            event(3, "merged", "10:00", "B", into="A"),
            event(4, "merged", "11:00", "A", into=target),
        ],
    )
    clocks = clocks_of(replay)
    assert clocks["A", "resolution", 1]["state"] == "running"
    assert clocks["B", "resolution", 1]["state"] == "cancelled"
    assert dead(replay) == [("MERGED", 4)]


def test_two_merges_into_each_other_at_one_instant_end_one_of_them(policies: PolicySet) -> None:
    replay = replayed(
        policies,
        [
            event(1, "created", "09:00", "A"),
            event(2, "created", "09:00", "B"),
            event(3, "merged", "10:00", "A", into="B"),
            {**event(4, "merged", "10:00", "B", into="A"), "source": "zz"},
        ],
    )
    states = {key[0]: one["state"] for key, one in clocks_of(replay).items()}
    assert states == {"A": "cancelled", "B": "running"}
    assert dead(replay) == [("MERGED", 4)]
