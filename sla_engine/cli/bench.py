"""`sla-engine bench`: what this machine does in a second, without any service."""

from __future__ import annotations

from typing import Any

import click

from sla_engine.cli.options import format_option


@click.command(
    epilog="""\b
Examples:
  sla-engine bench
  sla-engine bench --incidents 1000000 --format json
\b
One core, everything in memory: JSON is decoded, clocks are folded, journal entries
are made. With a broker and a durable store: `make bench` in a checkout.
"""
)
@click.option("--incidents", default=200_000, show_default=True, help="How many are opened.")
@format_option
def bench(incidents: int, form: str) -> None:
    """Measure the core on this machine: events per second, memory, time to load."""
    from sla_engine.cli.benched import measure
    from sla_engine.cli.compile import compile_kernels
    from sla_engine.cli.output import put_json, table
    from sla_engine.cli.progress import Progress

    compile_kernels()
    with Progress() as progress:
        found = measure(incidents, progress.step)
    if form == "json":
        put_json(found)
        return
    rows: list[list[Any]] = [[_NAMES[name], value] for name, value in found.items()]
    click.echo("\n".join(table(["measured", "value"], rows)))


_NAMES = {
    "incidents": "open incidents",
    "events": "events applied",
    "created_per_s": "openings per second",
    "changed_per_s": "changes per second",
    "row_bytes_per_incident": "bytes per incident in the rows",
    "load_ms_per_million": "ms to load a million incidents",
}
