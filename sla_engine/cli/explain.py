"""`sla-engine explain`: the clocks of an incident, and the intervals they are made of."""

from __future__ import annotations

from pathlib import Path

import click

from sla_engine.cli.common import load
from sla_engine.cli.options import INSTANT, config_option, format_option, policies_option


@click.command(
    epilog="""\b
Examples:
  sla-engine explain 4711 --policies policies
  sla-engine explain 4711 --events events.jsonl --policies policies
  sla-engine explain 4711 --clock resolution --events events.jsonl --at 2026-11-23T12:00:00Z
"""
)
@click.argument("incident")
@click.option("--tenant", default="default", show_default=True, help="The incident's tenant.")
@click.option("--clock", metavar="C", help="Only this clock (NAME, or SET/NAME).")
@click.option(
    "--at",
    type=INSTANT,
    help="As of this instant; without it now, with --events after the last event.",
)
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Events from here instead of the store: JSON lines, .gz, .zst; - is stdin.",
)
@policies_option
@config_option
@format_option
def explain(
    incident: str,
    tenant: str,
    clock: str | None,
    at: int | None,
    events: str | None,
    policies: Path | None,
    config: Path | None,
    form: str,
) -> None:
    """Say why the clocks of INCIDENT stand where they stand.

    Events and intervals that make up the elapsed time, summing exactly, with the versions of
    policy and calendar, and the alerts that came of it.
    """
    from sla_engine.cli.explained import from_file, from_store, print_explained

    settings = load(config, {"policies.dir": None if policies is None else str(policies)})
    if events is None:
        explained = from_store(settings, tenant, incident, at)
    else:
        explained = from_file(events, settings, tenant, incident, at)
    print_explained(explained, clock, form)
