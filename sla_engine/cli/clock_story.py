"""The log of an incident's clocks, and why a clock did not move: for people and programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from sla_engine.cli.explained import Found
from sla_engine.cli.output import put_json, span, table
from sla_engine.engine.clock_log import clock_log
from sla_engine.engine.why_not import why_not

_DASH = "-"


def print_log(found: Found, clock: str | None, form: str) -> None:
    """A table, or one JSON object per entry and line."""
    entries = [
        entry
        for entry in clock_log(found.folder, found.folded)
        if clock is None or clock in (entry["clock"], f"{entry['set']}/{entry['clock']}")
    ]
    if form == "json":
        for entry in entries:
            put_json(entry)
        return
    rows = [
        [
            entry["time"],
            f"{entry['set']}/{entry['clock']}/{entry['cycle']}",
            entry["entry"],
            entry["status"] + (", breached" if entry["breached"] else ""),
            entry["event"]["id"] if entry["event"] else _DASH,
            _said(entry),
        ]
        for entry in entries
    ]
    click.echo("\n".join(table(["time", "clock", "entry", "status", "event", ""], rows)))


def _said(entry: dict[str, Any]) -> str:
    match entry["entry"]:
        case "apply":
            return (
                f"policy {entry['policy']} {entry['policy_version']}, "
                f"{span(entry['target_ms'])} on {entry['calendar']}, due {entry['due'] or _DASH}"
            )
        case "fulfil":
            return f"after {span(entry['elapsed_ms'])}"
        case "correct":
            return "; ".join(_corrected(entry))
    return f"due {entry['due']}" if entry["due"] else ""


def _corrected(entry: dict[str, Any]) -> Iterator[str]:
    for name, (was, now) in entry["changes"].items():
        if name.endswith("_ms"):
            yield f"{name.removesuffix('_ms')} {span(was)} -> {span(now)}"
        else:
            yield f"{name} {was or _DASH} -> {now or _DASH}"
    for word in ("retracts", "amends"):
        if entry[word]:
            thresholds = ", ".join(one.split("/", 5)[5] for one in entry[word])
            yield f"{word} {thresholds}"
    by = [entry[name] for name in ("actor", "reason") if name in entry]
    if by:
        yield "by " + ": ".join(by) if "actor" in entry else by[0]


def print_why_not(found: Found, clock: str, form: str) -> None:
    """Every clock of that name, one JSON object per line or as text."""
    told = why_not(found.folder, found.folded, clock)
    if not told:
        columns = found.folder.book.definitions.columns
        known = ", ".join(f"{set_name}/{name}" for set_name, name in sorted(columns))
        raise click.UsageError(f"no policy has a clock `{clock}`; there are {known or 'none'}")
    for one in told:
        if form == "json":
            put_json(one)
        else:
            click.echo("\n".join(_why(one)))


def _why(one: dict[str, Any]) -> Iterator[str]:
    yield click.style(f"{one['set']}/{one['clock']}", bold=True)
    for event in one["events"]:
        did = ", ".join(event["did"])
        yield f"{event['time']}  {event['type']} {event['id']}" + (f": {did}" if did else "")
        for part, because in event["because"].items():
            yield f"  no {part}: {because}"
    if one["steps"]:
        yield "steps that did not fire"
    for step in one["steps"]:
        yield f"  {step['threshold']} of cycle {step['cycle']}: {step['because']}"
