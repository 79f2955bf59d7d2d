"""`sla-engine hook`: what a vendor's payload becomes, before anything is connected."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sla_engine.cli.options import format_option
from sla_engine.errors import ExitCode

if TYPE_CHECKING:
    from sla_engine.source.model import Source


@click.group(
    epilog="""\b
Examples:
  sla-engine hook test payload.json --kind zendesk
  sla-engine hook test payload.json --mapping desk.yaml
  sla-engine hook mapping freshdesk > desk.yaml
"""
)
def hook() -> None:
    """Webhooks of vendors: try a payload, and the mapping that you write for it."""


@hook.command(
    "test",
    epilog="""\b
Examples:
  sla-engine hook test payload.json --kind zendesk
  sla-engine hook test payload.json --mapping desk.yaml
""",
)
@click.argument("payload", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--mapping", metavar="F", help="The mapping file to try, or a shipped one's name.")
@click.option("--kind", metavar="NAME", help="A vendor that is known, as in gateway.hooks.")
@format_option
def check_payload(payload: Path, mapping: str | None, kind: str | None, form: str) -> None:
    """The events that PAYLOAD (JSON, - is stdin) becomes, and what of it was ignored and why.

    Exit code 1 if it is refused, or an event of it would be.
    """
    from sla_engine.errors import SlaError
    from sla_engine.ingest.payload import payload_of
    from sla_engine.source.model import dated

    source = chosen(mapping, kind)
    body = sys.stdin.buffer.read() if str(payload) == "-" else payload.read_bytes()
    try:
        translated = source.translate(payload_of(body), "test")
    except SlaError as error:
        click.echo(f"refused: {error.code} {error.message}", err=True)
        sys.exit(int(ExitCode.FOUND))
    now_ms = int(time.time() * 1000)
    found = replace(translated, events=tuple(dated(one, now_ms) for one in translated.events))
    refused = [why for event in found.events if (why := fault_of(event))]
    if form == "json":
        from sla_engine.cli.output import put_json

        said = {"events": found.events, "ignored": found.ignored, "refused": refused}
        put_json(said)
    else:
        show(found.events, found.ignored, refused)
    sys.exit(int(ExitCode.FOUND if refused else ExitCode.DONE))


@hook.command(
    "mapping",
    epilog="""\b
Examples:
  sla-engine hook mapping
  sla-engine hook mapping freshdesk > desk.yaml
""",
)
@click.argument("name", required=False)
def show_mapping(name: str | None) -> None:
    """Print the shipped mapping file NAME, to change it; without NAME, which there are."""
    from sla_engine.cli.sources import shipped

    mappings = shipped()
    if name is None:
        click.echo("\n".join(mappings))
    elif name in mappings:
        click.echo(mappings[name], nl=False)
    else:
        raise click.BadParameter(f"`{name}` is none; there are {', '.join(mappings)}")


def chosen(mapping: str | None, kind: str | None) -> Source:
    """The adapter that the options name."""
    from sla_engine.cli.sources import source_named
    from sla_engine.errors import ConfigError

    if (mapping is None) == (kind is None):
        raise click.UsageError("Name either a --mapping file or a --kind of vendor.")
    named = str(mapping or kind)
    try:
        return source_named(named)
    except ConfigError as error:
        hint = "--kind" if mapping is None else "--mapping"
        raise click.BadParameter(error.message, param_hint=hint) from None


def fault_of(event: dict[str, Any]) -> str | None:
    """Why the gateway would refuse an event; None = it would not."""
    import orjson

    from sla_engine.event.draft import Problem
    from sla_engine.event.normalise import normalise

    found = normalise(orjson.dumps(event), frozenset(), None)
    return f"{found.code.name} {found.message}" if isinstance(found, Problem) else None


def show(events: tuple[dict[str, Any], ...], ignored: tuple[str, ...], refused: list[str]) -> None:
    """For people: an event in a few lines."""
    import orjson

    for event in events:
        click.echo(f"{event['type']} of {event['subject']} at {event['time']}, id {event['id']}")
        for name, value in event["data"].items():
            click.echo(f"  {name}: {orjson.dumps(value).decode()}")
    for why in ignored:
        click.echo(f"ignored: {why}")
    for why in refused:
        click.echo(f"refused: {why}")
    click.echo(f"{len(events)} event{'' if len(events) == 1 else 's'}")
