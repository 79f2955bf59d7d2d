"""`sla-engine gateway`: events and vendors' webhooks over HTTP, onto the log."""

from __future__ import annotations

from pathlib import Path

import click

from sla_engine.cli.common import load, say
from sla_engine.cli.options import config_option


@click.command(
    epilog="""\b
Examples:
  sla-engine gateway --new-token desk
  sla-engine gateway --config sla-engine.toml
"""
)
@click.option("--bind", help="Address to listen on; without it the setting gateway.bind.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; else gateway.port. 0: any.")
@click.option("--new-token", metavar="NAME", help="Make a bearer token for NAME, and end.")
@config_option
def gateway(bind: str | None, port: int | None, new_token: str | None, config: Path | None) -> None:
    """Take events over HTTP until told to stop (Ctrl-C or SIGTERM)."""
    if new_token is not None:
        show_new_token(new_token)
        return
    options = {"gateway.bind": bind, "gateway.port": port}
    load(config, options)
    from sla_engine.cli.gateway_wiring import serve

    serve(lambda: load(config, options), say)


def show_new_token(name: str) -> None:
    """Print a token, which is kept nowhere, and the entry of gateway.tokens that knows it."""
    from sla_engine.config.kinds import PAIRS, BadValue
    from sla_engine.ingest.tokens import hash_of, new_token

    token = new_token()
    entry = f"{name}={hash_of(token)}"
    try:
        PAIRS.read([entry])
    except BadValue:
        raise click.BadParameter(
            f"`{name}` is no name; take up to 32 of a-z, 0-9, `_`, `-`", param_hint="--new-token"
        ) from None
    say("The token, for the sender (it is not kept, and not shown again):")
    click.echo(token)
    say(f'For the settings, in [gateway]:\ntokens = ["{entry}"]')
