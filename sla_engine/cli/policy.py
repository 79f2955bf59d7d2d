"""`sla-engine policy`: check a directory of policies, explain it, run its tests; their schema."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sla_engine.cli.common import load, say
from sla_engine.cli.options import INSTANT, config_option, format_option
from sla_engine.errors import ExitCode

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(
    epilog="""\b
Examples:
  sla-engine policy check policies
  sla-engine policy explain policies priority=P1 customer=ACME
  sla-engine policy test policies
  sla-engine policy publish policies
  sla-engine policy schema > policy.schema.json
"""
)
def policy() -> None:
    """Policies: check, explain and test them, bring edited ones into force, print their schema."""


@policy.command(
    epilog="""\b
Examples:
  sla-engine policy check policies
  sla-engine policy check policies --format json
"""
)
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@format_option
def check(directory: Path, form: str) -> None:
    """Everything wrong in DIR, as `file:line: CODE message`, then what it promises in plain words.

    Errors give exit code 1; warnings are marked and give 0.
    """
    from sla_engine.cli.output import put_json
    from sla_engine.policy import Severity, check_directory, describe, load_directory

    found = check_directory(directory)
    failed = any(one.severity is Severity.ERROR for one in found)
    summary = None if failed else describe(load_directory(directory))
    if form == "json":
        findings = [
            {
                "file": one.file,
                "line": one.line,
                "code": one.code,
                "severity": one.severity.name.lower(),
                "message": one.message,
            }
            for one in found
        ]
        put_json({"findings": findings, "summary": summary})
    else:
        for one in found:
            colour = "red" if one.severity is Severity.ERROR else "yellow"
            click.echo(click.style(str(one), fg=colour))
        if summary is not None:
            click.echo(("\n" if found else "") + summary)
    sys.exit(int(ExitCode.FOUND if failed else ExitCode.DONE))


@policy.command(
    epilog="""\b
Examples:
  sla-engine policy explain policies priority=P1 tier=gold custom.value_eur=20000
  sla-engine policy explain policies --event event.json
  sla-engine policy explain policies channel=phone --at 2026-12-24T10:00:00Z --format json
"""
)
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.argument("attributes", metavar="[NAME=VALUE]...", nargs=-1)
@click.option(
    "--event",
    type=click.File("rb"),
    metavar="FILE",
    help="An event as JSON, or its `data` alone; - is stdin.",
)
@click.option("--at", type=INSTANT, help="At this instant; without it the event's time, or now.")
@format_option
def explain(
    directory: Path,
    attributes: tuple[str, ...],
    event: click.utils.LazyFile | None,
    at: int | None,
    form: str,
) -> None:
    """Which policies an incident with these attributes gets, and why the others do not match."""
    from sla_engine.cli.asked import as_json, asked
    from sla_engine.cli.output import put_json
    from sla_engine.policy import explain as explain_policies
    from sla_engine.policy import explain_text, load_directory

    policies = load_directory(directory)
    text = None if event is None else event.read()
    data, instant = asked(policies, text, attributes, at)
    explained = explain_policies(policies, data, instant)
    if form == "json":
        put_json(as_json(explained, data, instant))
    else:
        click.echo(explain_text(explained))


@policy.command(
    epilog="""\b
Examples:
  sla-engine policy test policies
  sla-engine policy test policies scenarios/courier/policies --format json
"""
)
@click.argument("directories", metavar="DIR...", type=_DIRECTORY, nargs=-1, required=True)
@format_option
def test(directories: tuple[Path, ...], form: str) -> None:
    """Run the tests (`*.test.yaml`) in each DIR: events in, expected clocks and alerts compared."""
    from sla_engine.cli.cases import run_directory
    from sla_engine.cli.output import put_json

    results = [case for directory in directories for case in run_directory(directory)]
    failed = [case for case in results if not case.passed]
    for case in results if form == "json" else ():
        put_json(case.as_json())
    for case in results if form == "text" else ():
        mark = click.style("ok", fg="green") if case.passed else click.style("FAILED", fg="red")
        click.echo(f"{mark}  {case.where}: {case.name}")
        for reason in case.reasons:
            click.echo(f"    {reason}")
    if not results:
        raise click.UsageError("no tests: a test is a file *.test.yaml beside the policies")
    say(f"{len(results) - len(failed)} of {len(results)} tests passed")
    sys.exit(int(ExitCode.FOUND if failed else ExitCode.DONE))


@policy.command(
    epilog="""\b
Examples:
  sla-engine policy publish policies
  sla-engine policy publish policies --effective-from 2027-01-01T00:00:00Z
"""
)
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.option(
    "--effective-from",
    type=INSTANT,
    help="In force from this instant on; without it as soon as every worker can know.",
)
@config_option
def publish(directory: Path, effective_from: int | None, config: Path | None) -> None:
    """Bring the edited policies in DIR into force while workers run and events stream.

    Running clocks go on as `on_edit` of each clock says: pin, from_now or retroactive.
    """
    settings = load(config, {})
    from sla_engine.cli.publish import publish as publish_set
    from sla_engine.cli.wiring import open_services
    from sla_engine.event.times import format_time
    from sla_engine.policy import load_directory
    from sla_engine.store.redis_store import RedisStore

    policies = load_directory(directory)
    services = open_services(settings)
    try:
        identity = services.log.ensure_topics(settings.kafka.partitions)
        producer = services.log.producer()
        store = RedisStore(services.redis_url, allow_unsafe=settings.redis.allow_unsafe)
        try:
            begin = publish_set(store, producer, identity, policies, effective_from)
        finally:
            store.close()
            producer.close()
    finally:
        services.close()
    if begin is None:
        say(f"policy set {policies.version} is in force already")
    else:
        say(f"policy set {policies.version} is in force from {format_time(begin)} on")


@policy.command(
    epilog="""\b
Examples:
  sla-engine policy schema > policy.schema.json
\b
Then, as the first line of a policy file:
  # yaml-language-server: $schema=../policy.schema.json
"""
)
def schema() -> None:
    """The JSON Schema of policy files, with which an editor completes and checks them."""
    import orjson

    from sla_engine.policy import policy_schema

    click.echo(orjson.dumps(policy_schema(), option=orjson.OPT_INDENT_2))
