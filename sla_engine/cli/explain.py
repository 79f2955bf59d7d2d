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
  sla-engine explain 4711 --log --events events.jsonl
  sla-engine explain 4711 --why-not resolution --events events.jsonl
  sla-engine explain 4711 --as-test --events events.jsonl > policies/4711.test.yaml
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
@click.option("--log", is_flag=True, help="The log of its clocks: activate, pause, breach, ...")
@click.option(
    "--why-not", metavar="C", help="Why this clock did not start, stop, pause or fire its steps."
)
@click.option("--as-test", is_flag=True, help="The incident as a policy test (*.test.yaml).")
@click.option("--personal", is_flag=True, help="With --as-test: keep names, titles and links.")
@policies_option
@config_option
@format_option
def explain(
    incident: str,
    tenant: str,
    clock: str | None,
    at: int | None,
    events: str | None,
    log: bool,
    why_not: str | None,
    as_test: bool,
    personal: bool,
    policies: Path | None,
    config: Path | None,
    form: str,
) -> None:
    """Say why the clocks of INCIDENT stand where they stand.

    Events and intervals that make up the elapsed time, summing exactly, with the versions of
    policy and calendar, and the alerts that came of it.
    """
    from sla_engine.cli.as_test import print_as_test
    from sla_engine.cli.clock_story import print_log, print_why_not
    from sla_engine.cli.explained import from_file, from_store, print_explained

    if log + as_test + (why_not is not None) > 1:
        raise click.UsageError("one of --log, --why-not and --as-test at a time")
    if personal and not as_test:
        raise click.UsageError("--personal goes with --as-test")
    if clock is not None and (as_test or why_not is not None):
        raise click.UsageError("--clock goes with --log or with none of the others")
    settings = load(config, {"policies.dir": None if policies is None else str(policies)})
    if events is None:
        found = from_store(settings, tenant, incident, at)
    else:
        found = from_file(events, settings, tenant, incident, at)
    if log:
        print_log(found, clock, form)
    elif why_not is not None:
        print_why_not(found, why_not, form)
    elif as_test:
        print_as_test(found, personal=personal)
    else:
        print_explained(found.explained(), clock, form)
