"""`sla-engine deliver`: alerts from the log to where people and systems are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sla_engine.cli.common import load, say
from sla_engine.cli.options import config_option, format_option
from sla_engine.errors import ExitCode

if TYPE_CHECKING:
    from sla_engine.deliver.queue import Letter

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  sla-engine deliver
  sla-engine deliver check deliver.yaml
  sla-engine deliver test alerts.jsonl --file deliver.yaml
  sla-engine deliver replay --destination desk
""",
)
@click.option(
    "--begin",
    type=click.Choice(["start", "end"]),
    help="Where to begin in a log that is new to the data folder and holds alerts already.",
)
@config_option
@click.pass_context
def deliver(context: click.Context, begin: str | None, config: Path | None) -> None:
    """Deliver alerts until told to stop (Ctrl-C or SIGTERM), by the destination file."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    settings = load(config)
    from sla_engine.cli.deliver_wiring import serve

    serve(settings, begin, say)


@deliver.command(epilog="Example:  sla-engine deliver check deliver.yaml")
@click.argument("file", type=_FILE)
def check(file: Path) -> None:
    """Say everything that is wrong in a destination FILE; exit code 1 if anything is."""
    from sla_engine.deliver.plan.parse import parse_plan

    plan = parse_plan(file.read_text(encoding="utf-8"), str(file))
    say(f"{len(plan.destinations)} destinations, {len(plan.routes)} routes: nothing is wrong")


@deliver.command(epilog="Example:  sla-engine deliver test alerts.jsonl --file deliver.yaml")
@click.argument("alerts", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--file", type=_FILE, help="Destination file; else the setting deliver.file.")
@format_option
@click.pass_obj
def test(config: Path | None, alerts: Path, file: Path | None, form: str) -> None:
    """Where each of ALERTS (JSON lines, - is stdin) would go; nothing is sent.

    Exit code 1 if one would go nowhere.
    """
    from sla_engine.cli.deliver_tried import tried

    content = sys.stdin.buffer.read() if str(alerts) == "-" else alerts.read_bytes()
    path = file or Path(load(config).deliver.file)
    lost = 0
    for one in tried(path, content):
        lost += not one.to
        click.echo(one.as_json() if form == "json" else one.as_text())
    sys.exit(int(ExitCode.FOUND if lost else ExitCode.DONE))


@deliver.command(epilog="Example:  sla-engine deliver dead --destination desk")
@click.option("--destination", metavar="NAME", help="Only of this destination.")
@format_option
@config_option
def dead(destination: str | None, form: str, config: Path | None) -> None:
    """One line per dead letter: number, destination, attempts, the alert's id, the reason."""
    import orjson

    from sla_engine.cli.deliver_wiring import open_queue
    from sla_engine.deliver.queue import letters
    from sla_engine.event.times import format_time

    with open_queue(load(config)) as database:
        for one in letters(database, destination):
            if form == "json":
                members = {name: getattr(one, name) for name in one.__slots__}
                click.echo(orjson.dumps(members).decode())
                continue
            of = f" ({one.alerts} alerts)" if one.alerts > 1 else ""
            click.echo(
                f"{one.number:<7} {one.destination:<14} {format_time(one.at_ms)}  "
                f"{one.id}{of}  {one.error}"
            )


@deliver.command(epilog="Example:  sla-engine deliver replay --destination desk")
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1, type=int)
@click.option("--destination", metavar="NAME", help="Those of this destination.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@config_option
def replay(
    numbers: tuple[int, ...], destination: str | None, everything: bool, config: Path | None
) -> None:
    """Let dead letters wait again, under the ids they had; a running delivery sends them."""
    if (bool(numbers) + (destination is not None) + everything) != 1:
        raise click.UsageError("give NUMBER ..., or --destination NAME, or --all")
    from sla_engine.cli.deliver_wiring import open_queue
    from sla_engine.cli.wiring import SteadyClock
    from sla_engine.deliver.queue import letters, put_back

    with open_queue(load(config)) as database:
        chosen: list[Letter] = [
            one for one in letters(database, destination) if not numbers or one.number in numbers
        ]
        missing = set(numbers) - {one.number for one in chosen}
        if missing:
            raise click.BadParameter(
                f"there is no dead letter {min(missing)}; `deliver dead` shows them"
            )
        database.execute("BEGIN IMMEDIATE")
        count = put_back(database, [one.number for one in chosen], SteadyClock().now_ms())
        database.execute("COMMIT")
    say(f"{count} dead letters wait again")
