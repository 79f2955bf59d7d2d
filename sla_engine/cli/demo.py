"""`sla-engine demo`: a courier's day on accelerated time, all embedded, checked at the end."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from sla_engine.cli.live_scenario import NAMES, policies_of

if TYPE_CHECKING:
    from sla_engine.cli.live_show import Show
    from sla_engine.cli.live_tell import Teller
    from sla_engine.policy import PolicySet

_PARTITIONS: Final = 4
_SHOWN_MAX: Final = 20
_FIRST_EVENTS: Final = 40
_WIDTH: Final = 9


@click.command(
    epilog="""\b
Examples:
  sla-engine demo
  sla-engine demo --seed 3 --plain
"""
)
@click.option("--scenario", type=click.Choice(NAMES), default=NAMES[0], show_default=True)
@click.option("--seed", type=int, default=7, show_default=True, help="Another day.")
@click.option("--plain", is_flag=True, help="Plain lines, as when piped.")
def demo(scenario: str, seed: int, plain: bool) -> None:
    """A day of a courier in 40 seconds, on a private server and a real worker that is killed once.

    Exit code 0 only if the alerts received are exactly those of a replay of the recorded events.
    """
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="sla-engine-demo-"))
    try:
        agreed = _demo(folder, scenario, seed, plain)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for left in ("server", "worker"):
        shutil.rmtree(folder / left, ignore_errors=True)
    sys.exit(0 if agreed else 1)


def _end(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)


def _demo(folder: Path, scenario: str, seed: int, plain: bool) -> bool:
    from sla_engine.cli.compile import compile_kernels
    from sla_engine.cli.live_day import courier_day, lines
    from sla_engine.cli.live_pace import paced_policies
    from sla_engine.cli.live_show import HEROES, Show, partitions_of
    from sla_engine.cli.live_tell import Teller
    from sla_engine.cli.live_verdict import replayed
    from sla_engine.cli.live_worker import WorkerProcess
    from sla_engine.cli.wiring import open_services
    from sla_engine.config import load_settings
    from sla_engine.policy import load_directory
    from sla_engine.store.redis_store import RedisStore

    policies = folder / "policies"
    paced_policies(policies_of(scenario), policies)
    policy_set = load_directory(policies)
    compile_kernels()
    wanted = {"SLA_DATA__DIR": str(folder / "server"), "SLA_KAFKA__PARTITIONS": str(_PARTITIONS)}
    work = folder / "worker"
    work.mkdir()
    worker = WorkerProcess(work, policies, wanted)
    services = open_services(load_settings(_no_file(folder), environ=wanted).settings)
    store = RedisStore(services.redis_url)
    try:
        with Teller(plain=plain, names=HEROES) as teller:
            partitions = partitions_of(services, _PARTITIONS)
            show = Show(services, store, worker, teller, seed, partitions)
            teller.status("getting ready")
            # The last kernels are those of the replay; nobody should wait for them at the end.
            replayed(policy_set, lines(courier_day(seed)[:_FIRST_EVENTS]), 0)
            teller.heading("A courier's day: one hour takes four seconds")
            teller.line("  ! marks what the engine says; everything else happens to it", "dim")
            show.begin()
            show.run()
            return _judge(folder, show, policy_set, teller)
    finally:
        worker.kill()
        store.close()
        services.close()


def _no_file(folder: Path) -> Path:
    """An empty settings file, so that the caller's own is not read."""
    path = folder / "sla-engine.toml"
    path.touch()
    return path


def _judge(folder: Path, show: Show, policy_set: PolicySet, teller: Teller) -> bool:
    from sla_engine.cli.live_sum import figures, stories
    from sla_engine.cli.live_verdict import differences, replayed

    teller.status("the day is over; replaying the recorded events")
    expected = replayed(policy_set, show.recorded(folder), show.end_ms)
    show.settle(set(expected.net))
    teller.heading("What came of it")
    for incident, text in stories(expected, show.received, show.pace):
        teller.line(f"  {incident:<{_WIDTH}}{text}")
    teller.heading("The alerts, read from the log, against a replay of the recorded events")
    for text in figures(expected, show.received, show.outage, show.end_ms):
        teller.line(f"  {text}")
    found = differences(expected.net, show.received.net(show.end_ms))
    if (refused := show.refused()) != expected.refused:
        found.append(f"{refused} dead letters, the replay refuses {expected.refused} events")
    if found:
        teller.heading(f"They DIFFER in {len(found)} places:")
        for text in found[:_SHOWN_MAX]:
            teller.line(f"  {text}", "red")
        return False
    teller.line(
        f"  they agree: the same {len(expected.net)} alerts, member by member", "bold green"
    )
    _what_next(folder, teller)
    return True


def _what_next(folder: Path, teller: Teller) -> None:
    from sla_engine.cli.live_day import BOUNCED

    recorded = f"{folder}/events.jsonl --policies {folder}/policies"
    teller.heading("Try next")
    teller.line(f"  sla-engine replay {recorded}")
    teller.line(f"  sla-engine explain {BOUNCED} --events {recorded}")
    teller.line(f"  sla-engine policy test {policies_of('courier')}")
