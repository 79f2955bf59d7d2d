"""A worker dies at any moment: the next one has the same clocks, and no alert is missing."""

from __future__ import annotations

from tests.engine.world import World, clean_stream

POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks:
      resolution: {target: 4h, pause: status_class == "waiting_customer"}
    escalations:
      - {at: 50%, notify: team}
      - {every: 30m, after: breach, times: 2, page: lead, until: acknowledged}
"""


def opened(world: World, count: int) -> None:
    for n in range(count):
        world.send("created", f"I{n}", {"team": "noc", "title": f"matter {n}"})


def test_a_restart_from_the_journal_has_the_same_clocks_and_sends_what_is_due() -> None:
    world = World(POLICIES)
    first = world.worker().claim(0)
    opened(world, 5)
    first.catch_up()
    world.move_to("11:30")
    first.catch_up()
    before = first.clocks()
    second = world.worker().claim(0)
    assert second.clocks() == before
    world.move_to("13:01")
    second.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
    assert len(world.net()) == 5 * 2  # the warning at half, and the breach


def test_a_restart_after_a_checkpoint_has_the_same_clocks() -> None:
    world = World(POLICIES)
    first = world.worker().claim(0)
    opened(world, 700)
    first.catch_up()
    first.checkpoint()
    assert world.server.header(0)[0].trimmed_to > 0
    before = first.clocks()
    assert world.worker().claim(0).clocks() == before


def test_rows_that_came_back_from_the_journal_survive_the_next_checkpoint() -> None:
    world = World(POLICIES)
    first = world.worker().claim(0)
    opened(world, 300)  # more than a page; what follows touches the second one only
    first.catch_up()
    second = world.worker().claim(0)
    world.send("created", "other")
    second.catch_up()
    second.checkpoint()
    third = world.worker().claim(0)
    assert third.clocks() == second.clocks()
    world.move_to("14:00")
    third.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
