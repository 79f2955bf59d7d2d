"""`sla-engine incidents`: open incidents with all of their clocks."""

from __future__ import annotations

import time
from pathlib import Path

import click
import orjson

from sla_engine.cli.options import config_option, format_option, policies_option


@click.command(
    epilog="""\b
Examples:
  sla-engine incidents --customer ACME
  sla-engine incidents --format json
"""
)
@click.option("--customer", help="Only this customer's.")
@click.option("--team", help="Only this team's.")
@format_option
@policies_option
@config_option
def incidents(
    customer: str | None,
    team: str | None,
    form: str,
    policies: Path | None,
    config: Path | None,
) -> None:
    """Open incidents, the highest score first: each clock with its due and the time left."""
    from sla_engine.cli.live_store import of, open_queue
    from sla_engine.cli.live_table import incident_lines

    with open_queue(config, policies) as queue:
        now_ms = time.time_ns() // 1_000_000
        found = of(queue.at(now_ms), customer=customer, team=team)
    if form == "json":
        for one in found:
            click.echo(orjson.dumps(one.shown()))
        return
    for line in [*incident_lines(found, now_ms), f"{len(found)} open"]:
        click.echo(line)
