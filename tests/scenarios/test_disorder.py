"""The courier's day, shuffled, doubled and delayed: the receivers end where the clean day ends."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from sla_engine.cli.live_day import DAY_MS, DAY_START_MS, courier_day
from sla_engine.cli.live_scenario import policies_of
from sla_engine.cli.live_tail import net_of
from sla_engine.cli.live_verdict import differences
from sla_engine.engine.replay import Replay
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.policy import load_directory
from sla_engine.policy.model import PolicySet
from tests.scenarios.scatter import delayed, doubled, shuffled

#: The first fold compiles the kernels.
pytestmark = pytest.mark.timeout(600)

Records = list[dict[str, Any]]
END_MS = DAY_START_MS + DAY_MS
SEEDS = range(3)


@cache
def courier() -> PolicySet:
    return load_directory(policies_of("courier"))


@cache
def recorded(seed: int) -> tuple[dict[str, Any], ...]:
    """The day's events, each once, in the order in which they happened; what is refused left out.

    (An event without an author is refused wherever it stands; the other tests see to it.)
    """
    once = {event["id"]: event for event in (told.event for told in courier_day(seed))}
    known = [e for e in once.values() if e["type"] != "incident.commented" or "author" in e["data"]]
    return tuple(sorted(known, key=lambda event: str(event["time"])))


def text(events: Records) -> bytes:
    return b"".join(orjson.dumps(event) + b"\n" for event in events)


@cache
def clean(seed: int) -> tuple[Records, dict[str, Any]]:
    """(clocks, alerts by id) of the day as it should have come."""
    replay = Replay(courier())
    replay.add(text(list(recorded(seed))))
    clocks: Records = []
    alerts: Records = []
    for incident in replay.incidents(END_MS):
        own = incident.alerts()
        alerts += own
        clocks += incident.clocks(own)
    return clocks, net_of(alerts, END_MS)


def arrived(events: Records) -> tuple[ArrivalReplay, Records, Records]:
    """(the replay, final clocks, everything that was sent) in the order of arrival."""
    replay = ArrivalReplay(courier())
    for first in range(0, len(events), 40):
        replay.add(text(events[first : first + 40]))
    clocks = [clock for one in replay.incidents(END_MS) for clock in one.clocks()]
    return replay, clocks, replay.sent


WAYS = {
    "shuffled": lambda events, rng: shuffled(events, rng),
    "delayed": lambda events, rng: delayed(events, rng),
    "doubled": lambda events, rng: doubled(events, rng),
    "all at once": lambda events, rng: doubled(shuffled(delayed(events, rng), rng, within=60), rng),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_day_in_disorder_ends_as_the_clean_day(way: str, seed: int) -> None:
    events = WAYS[way](list(recorded(seed)), Random(seed))
    clean_clocks, clean_net = clean(seed)
    replay, clocks, sent = arrived(events)
    assert [letter.code for letter in replay.log.dead_letters()] == []
    assert clocks == clean_clocks
    assert differences(clean_net, net_of(sent, END_MS)) == []


def test_the_disorder_is_worth_the_name() -> None:
    """Alerts are taken back, amended and sent late; duplicates are counted, not taken."""
    events = WAYS["all at once"](list(recorded(0)), Random(0))
    replay, _, sent = arrived(events)
    kinds = {alert["type"].rpartition(".")[2] for alert in sent}
    assert {"retracted", "amended", "breached"} <= kinds
    assert any(alert["data"].get("late") == "late_event" for alert in sent)
    assert replay.duplicates == len(events) - len(recorded(0)) > 100


def test_the_verb_says_the_same(tmp_path: Path) -> None:
    """`replay --order arrival` on a file, as a user runs it."""
    from click.testing import CliRunner

    from sla_engine.cli import cli

    events = WAYS["all at once"](list(recorded(1)), Random(1))
    file, clocks, alerts = (tmp_path / name for name in ("events", "clocks", "alerts"))
    file.write_bytes(text(events))
    until = "2026-03-10T17:00:00Z"
    words = ["replay", str(file), "--policies", str(policies_of("courier")), "--until", until]
    words += ["--order", "arrival", "--clocks", str(clocks), "--alerts", str(alerts), "--strict"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    clean_clocks, clean_net = clean(1)
    assert [orjson.loads(line) for line in clocks.read_bytes().splitlines()] == clean_clocks
    sent = [orjson.loads(line) for line in alerts.read_bytes().splitlines()]
    assert differences(clean_net, net_of(sent, END_MS)) == []
