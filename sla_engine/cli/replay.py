"""`sla-engine replay`: recorded events through the same core, on virtual time, without services."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sla_engine.cli.common import load, say
from sla_engine.cli.options import INSTANT, config_option, format_option, policies_option
from sla_engine.cli.output import counted, put_json
from sla_engine.errors import ExitCode

if TYPE_CHECKING:
    from sla_engine.engine.replay import Replay
    from sla_engine.engine.replay_arrival import ArrivalReplay

_OUTPUT = click.Path(dir_okay=False, allow_dash=True)


@click.command(
    epilog="""\b
Examples:
  sla-engine replay events.jsonl --policies policies
  zcat log.gz | sla-engine replay - --policies policies --clocks clocks.jsonl --alerts alerts.jsonl
  sla-engine replay events.jsonl.zst --policies policies --until 2026-12-01T00:00:00Z --format json
"""
)
@click.argument("events", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@policies_option
@click.option(
    "--order",
    type=click.Choice(["event", "arrival"]),
    default="event",
    show_default=True,
    help="By the events' own times, or as they stand in the file: late ones correct.",
)
@click.option(
    "--published",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    multiple=True,
    help="Policies that a `policy.published` among the events names; may be repeated.",
)
@click.option("--until", type=INSTANT, help="Then move time on to here.")
@click.option("--alerts", type=_OUTPUT, metavar="FILE", help="Alerts as JSON lines; - is stdout.")
@click.option("--clocks", type=_OUTPUT, metavar="FILE", help="Clocks as JSON lines.")
@click.option("--dead", type=_OUTPUT, metavar="FILE", help="Refused events as JSON lines.")
@click.option("--strict", is_flag=True, help="Exit code 1 if an event was refused.")
@click.option("--partitions", type=click.IntRange(1, 10_000), default=1, hidden=True)
@config_option
@format_option
def replay(
    events: str,
    policies: Path | None,
    order: str,
    published: tuple[Path, ...],
    until: int | None,
    alerts: str | None,
    clocks: str | None,
    dead: str | None,
    strict: bool,
    partitions: int,
    config: Path | None,
    form: str,
) -> None:
    """Replay EVENTS (JSON lines, plain, .gz or .zst; - is stdin) and say what came of them.

    Without --alerts, --clocks and --dead a summary is printed. The same events give the same
    bytes, run after run.
    """
    settings = load(config, {"policies.dir": None if policies is None else str(policies)})
    from sla_engine.cli.replayed import Outputs, folded, read, read_as_arrived
    from sla_engine.cli.tally import lines
    from sla_engine.policy import load_directory

    later = [load_directory(directory) for directory in published]
    with Outputs(alerts, clocks, dead, settings.alerts.not_before_ms) as outputs:
        if order == "arrival":
            replay: Replay | ArrivalReplay = read_as_arrived(events, settings, published=later)
        else:
            replay = read(events, settings, keep_raw=dead is not None, published=later)
        tally, end_ms = folded(replay, until, partitions, outputs)
    if not (alerts or clocks or dead):
        figures = tally.as_json(replay, end_ms)
        put_json(figures) if form == "json" else click.echo("\n".join(lines(figures)))
    if strict and replay.log.refused:
        hint = "" if dead else "; --dead FILE tells which and why"
        say(f"{counted(len(replay.log.refused), 'event')} refused{hint}")
        sys.exit(int(ExitCode.FOUND))
