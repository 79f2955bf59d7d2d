"""`sla-engine token`: who may ask the API, and what."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from sla_engine.cli.common import load, say
from sla_engine.cli.options import config_option, format_option

if TYPE_CHECKING:
    from sla_engine.store.keeper import RedisKeeper

_SCOPES = ("read", "act", "admin")


@click.group(
    epilog="""\b
Examples:
  sla-engine token new console --scope read --scope act
  sla-engine token new acme --scope read --tenant acme
  sla-engine token list
  sla-engine token revoke console
"""
)
def token() -> None:
    """Tokens of the API. Kept in the store as hashes, so all processes know them at once."""


@token.command(epilog="Example:  sla-engine token new acme --scope read --tenant acme")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    default=("read",),
    show_default="read",
    help="read, act (commands), admin (dead letters, audit trail); may be repeated.",
)
@click.option("--tenant", "tenants", multiple=True, help="For these tenants only; may be repeated.")
@config_option
def new(name: str, scopes: tuple[str, ...], tenants: tuple[str, ...], config: Path | None) -> None:
    """Make a token called NAME, and show it once."""
    from sla_engine.api.tokens import audit, make_token

    with _keeper(config) as keeper:
        now = _now()
        own = sorted(set(tenants)) or None
        text = make_token(keeper, name, sorted(set(scopes)), own, now)
        audit(keeper, now, _user(), "token new", token=name, scopes=scopes, tenants=own)
    say("The token, for who asks (it is not kept, and not shown again):")
    click.echo(text)


@token.command("list", epilog="Example:  sla-engine token list --format json")
@format_option
@config_option
def list_(form: str, config: Path | None) -> None:
    """The tokens in force: name, scopes, tenants, when they were made."""
    from sla_engine.api.tokens import all_tokens
    from sla_engine.cli.output import table

    with _keeper(config) as keeper:
        shown = [each.shown() for each in all_tokens(keeper)]
    if form == "json":
        for one in shown:
            click.echo(orjson.dumps(one))
        return
    rows = [
        [one["name"], ", ".join(one["scopes"]), _tenants(one["tenants"]), one["made"]]
        for one in shown
    ]
    click.echo("\n".join(table(["token", "scopes", "tenants", "made"], rows)))


def _tenants(tenants: list[str] | None) -> str:
    return "all" if tenants is None else ", ".join(tenants)


@token.command(epilog="Example:  sla-engine token revoke console")
@click.argument("name")
@config_option
def revoke(name: str, config: Path | None) -> None:
    """Let the token called NAME open nothing any more, from the next request on."""
    from sla_engine.api.tokens import audit

    with _keeper(config) as keeper:
        if not keeper.drop_token(name):
            raise click.BadParameter(f"there is no token `{name}`; `token list` shows them")
        audit(keeper, _now(), _user(), "token revoke", token=name)
    say(f"{name} is revoked")


@contextmanager
def _keeper(config: Path | None) -> Iterator[RedisKeeper]:
    from sla_engine.cli.wiring import open_services
    from sla_engine.store.keeper import RedisKeeper

    services = open_services(load(config, {}))
    try:
        keeper = RedisKeeper(services.redis_url)
        try:
            yield keeper
        finally:
            keeper.close()
    finally:
        services.close()


def _now() -> str:
    from sla_engine.policy.instants import format_instant

    return format_instant(time.time_ns() // 1_000_000)


def _user() -> str:
    """Who runs this, as the system calls them."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):
        return "command line"
