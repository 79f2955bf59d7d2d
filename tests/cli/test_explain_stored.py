"""`explain` from the store: the history that workers keep gives the same as the events' file."""

from __future__ import annotations

import pytest

from sla_engine.cli.explained import stored_history
from sla_engine.engine.explain import explain
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.event.packed import unpack_all
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from sla_engine.store.memory import MemoryStore
from tests.cli.calling import POLICIES
from tests.engine.test_replay import lines
from tests.engine.world import World


@pytest.mark.parametrize("checkpointed", [False, True])
def test_the_store_and_the_file_explain_alike(checkpointed: bool) -> None:
    world = World(POLICIES, partitions=4, start="2026-11-23T08:00:00Z")
    worker = world.worker().claim(0, 1, 2, 3)
    for n in range(5):
        world.send("created", f"I{n}", {"priority": "high", "team": "desk"})
    world.move_to("09:00")
    world.send("updated", "I3", {"status": "waiting_customer"})
    world.move_to("13:30")
    world.send("updated", "I3", {"status": "open"})
    world.move_to("16:30")
    worker.catch_up()
    if checkpointed:
        worker.checkpoint()
    now = world.clock.now_ms()
    store = MemoryStore(world.server, now_ms=world.clock.now_ms)
    packed = stored_history(store, 4, "default", "I3")
    folder = Folder(RuleBook(load_text(POLICIES)))
    told = explain(folder, folder.fold(unpack_all(packed), now, report=True))
    replay = Replay(load_text(POLICIES))
    replay.add(lines(world.sent))
    folded = replay.incident("default", "I3", now)
    assert folded is not None
    assert told == explain(Folder(replay.book), folded)
    assert told["clocks"][1]["paused_ms"] == 16_200_000
    assert stored_history(store, 4, "default", "nobody") == b""
