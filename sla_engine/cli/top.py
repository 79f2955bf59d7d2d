"""`sla-engine top`: the live queue by score."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import orjson

from sla_engine.cli.options import config_option, format_option, policies_option


@click.command(
    epilog="""\b
Examples:
  sla-engine top
  sla-engine top --team depot --limit 5 --once
"""
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--team", help="Only this team's.")
@click.option("--customer", help="Only this customer's.")
@click.option("--once", is_flag=True, help="Print it once, as when piped.")
@click.option(
    "--every", type=click.FloatRange(0.2), default=2.0, show_default=True, help="Seconds."
)
@format_option
@policies_option
@config_option
def top(
    limit: int,
    team: str | None,
    customer: str | None,
    once: bool,
    every: float,
    form: str,
    policies: Path | None,
    config: Path | None,
) -> None:
    """What to do next: open incidents, the highest score first, with the nearest due.

    LEFT is the wall time to the due of the clock that is named; negative = breached since then.
    """
    from sla_engine.cli.live_store import of, open_queue
    from sla_engine.cli.live_table import queue_lines

    with open_queue(config, policies) as queue:
        while True:
            now_ms = time.time_ns() // 1_000_000
            found = of(queue.at(now_ms), team=team, customer=customer)
            if form == "json":
                for one in found[:limit]:
                    click.echo(orjson.dumps(one.shown()))
                return
            lines = queue_lines(found[:limit], now_ms)
            lines.append(f"{len(found)} open")
            if once or not sys.stdout.isatty():
                click.echo("\n".join(lines))
                return
            click.clear()
            click.echo("\n".join(lines))
            time.sleep(every)
