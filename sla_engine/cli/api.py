"""`sla-engine api`: what the engine knows, and commands to it, over HTTP."""

from __future__ import annotations

from pathlib import Path

import click

from sla_engine.cli.common import load, say
from sla_engine.cli.options import config_option, policies_option


@click.command(
    epilog="""\b
Examples:
  sla-engine token new console --scope read --scope act
  sla-engine api
"""
)
@click.option("--bind", help="Address to listen on; without it the setting api.bind.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; else api.port. 0: any.")
@policies_option
@config_option
def api(bind: str | None, port: int | None, policies: Path | None, config: Path | None) -> None:
    """Answer until told to stop (Ctrl-C or SIGTERM); reads beside the workers, never in their way.

    Start as many as you like on the same store.
    """
    overrides = {
        "api.bind": bind,
        "api.port": port,
        "policies.dir": None if policies is None else str(policies),
    }
    settings = load(config, overrides)
    from sla_engine.cli.live_api import serve

    serve(settings, say)
