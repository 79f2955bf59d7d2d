"""`sla-engine config`: the settings in force, secrets masked."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sla_engine.cli.options import config_option, format_option


@click.group(epilog="Example:  sla-engine config show")
def config() -> None:
    """Settings: what is in force, and where each value came from."""


@config.command(
    epilog="""\b
Examples:
  sla-engine config show
  SLA_KAFKA__BROKERS=10.0.0.1:9092 sla-engine config show --config prod.toml --format json
"""
)
@config_option
@format_option
def show(config: Path | None, form: str) -> None:
    """Print every setting with its value and where it came from; secrets are masked."""
    from sla_engine.cli.output import put_json, table
    from sla_engine.config import effective, load_settings

    found = effective(load_settings(config, environ=os.environ))
    if form == "json":
        put_json(
            [
                {
                    "setting": item.name,
                    "value": item.value,
                    "origin": item.origin,
                    "environment": item.variable,
                }
                for item in found
            ]
        )
        return
    rows = [[item.name, item.value, item.origin] for item in found]
    click.echo("\n".join(table(["setting", "value", "origin"], rows)))
