"""`sla-engine calendar`: business time on the calendars of a policy directory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sla_engine.cli.common import load
from sla_engine.cli.options import INSTANT, config_option, format_option, policies_option

if TYPE_CHECKING:
    from sla_engine.calendar import Calendar

F = TypeVar("F", bound=Callable[..., Any])


@click.group(
    epilog="""\b
Examples:
  sla-engine calendar add chennai 2026-11-27T17:30:00+05:30 2h --policies policies
  sla-engine calendar add chennai 2026-11-27T17:30:00+05:30 2bd --policies policies
  sla-engine calendar between chennai 2026-11-27T09:00:00Z 2026-11-30T09:00:00Z --policies policies
  sla-engine calendar next-open chennai 2026-11-29T09:00:00Z --policies policies
  sla-engine calendar hours chennai 2026-11-27 2026-12-03 --policies policies
"""
)
def calendar() -> None:
    """Business time: deadlines, lengths and opening hours of a calendar."""


def _shared(command: F) -> F:
    zone = click.option(
        "--time-zone",
        "zone",
        metavar="ZONE",
        help="For a calendar that takes its zone from the incident.",
    )
    return policies_option(zone(config_option(format_option(command))))


def _calendar(name: str, policies: Path | None, zone: str | None, config: Path | None) -> Calendar:
    """The calendar of that name, compiled."""
    from sla_engine.calendar import ALWAYS, Calendar
    from sla_engine.errors import CalendarError
    from sla_engine.policy import load_directory

    settings = load(config, {"policies.dir": None if policies is None else str(policies)})
    known = {ALWAYS.name: ALWAYS}
    if name not in known or policies is not None:
        known.update(load_directory(settings.policies.dir).calendars)
    if name not in known:
        raise CalendarError(
            f"unknown calendar `{name}` in {settings.policies.dir}; known: "
            + ", ".join(sorted(known)),
            code="UNKNOWN_CALENDAR",
        )
    return Calendar.of(known[name], zone)


def _about(calendar: Calendar) -> dict[str, Any]:
    return {
        "calendar": calendar.name,
        "calendar_version": calendar.version,
        "time_zone": calendar.time_zone,
    }


def _answer(calendar: Calendar, form: str, members: dict[str, Any], text: str) -> None:
    from sla_engine.cli.output import put_json

    if form == "json":
        put_json({**_about(calendar), **members})
    else:
        click.echo(text)


def _instants(calendar: Calendar) -> tuple[Callable[[int], str], Callable[[int], str]]:
    """How instants are written: in UTC for programs; with the local time beside it for people."""
    from sla_engine.cli.local_time import local_text
    from sla_engine.event.times import format_time

    def both(instant: int) -> str:
        return f"{format_time(instant)}  ({local_text(calendar, instant)})"

    return format_time, both


@calendar.command(epilog="Example:  sla-engine calendar add chennai 2026-11-27T17:30:00+05:30 2bd")
@click.argument("name")
@click.argument("start", type=INSTANT)
@click.argument("duration")
@_shared
def add(
    name: str,
    start: int,
    duration: str,
    policies: Path | None,
    zone: str | None,
    config: Path | None,
    form: str,
) -> None:
    """The deadline of DURATION (2h, 1h30m, 2bd) that starts at START."""
    from sla_engine.policy.durations import DurationError, parse_length
    from sla_engine.policy.model import BusinessDays

    try:
        length = parse_length(duration)
    except DurationError as error:
        raise click.BadParameter(str(error), param_hint="DURATION") from None
    found = _calendar(name, policies, zone, config)
    moved = False
    if isinstance(length, BusinessDays):
        due, moved = found.business_days_due(start, length.days)
    else:
        assert length is not None
        due = found.add(start, length)
    write, both = _instants(found)
    members = {
        "start": write(start),
        "duration": duration,
        "due": write(due),
        "moved": moved,
        "target_ms": found.between(start, due),
    }
    _answer(found, form, members, both(due) + ("  moved to the next opening" if moved else ""))


@calendar.command(
    epilog="Example:  sla-engine calendar between chennai 2026-11-27T09:00:00Z 2026-11-30T09:00:00Z"
)
@click.argument("name")
@click.argument("first", metavar="A", type=INSTANT)
@click.argument("second", metavar="B", type=INSTANT)
@_shared
def between(
    name: str,
    first: int,
    second: int,
    policies: Path | None,
    zone: str | None,
    config: Path | None,
    form: str,
) -> None:
    """The open time from A to B; negative when B is earlier."""
    from sla_engine.cli.output import span

    found = _calendar(name, policies, zone, config)
    open_ms = found.between(first, second)
    write, _ = _instants(found)
    members = {"from": write(first), "to": write(second), "open_ms": open_ms}
    _answer(found, form, members, f"{span(open_ms)}  ({open_ms} ms)")


@calendar.command(
    "next-open", epilog="Example:  sla-engine calendar next-open chennai 2026-11-29T09:00:00Z"
)
@click.argument("name")
@click.argument("instant", metavar="T", type=INSTANT)
@_shared
def next_open(
    name: str,
    instant: int,
    policies: Path | None,
    zone: str | None,
    config: Path | None,
    form: str,
) -> None:
    """T itself if the calendar is open then, else the next opening."""
    found = _calendar(name, policies, zone, config)
    opening = found.next_open(instant)
    write, both = _instants(found)
    members = {"at": write(instant), "next_open": write(opening), "is_open": opening == instant}
    _answer(found, form, members, both(opening))


@calendar.command(epilog="Example:  sla-engine calendar hours chennai 2026-11-27 2026-12-03")
@click.argument("name")
@click.argument("first", metavar="FROM")
@click.argument("last", metavar="TO")
@_shared
def hours(
    name: str,
    first: str,
    last: str,
    policies: Path | None,
    zone: str | None,
    config: Path | None,
    form: str,
) -> None:
    """The opening hours between FROM and TO: times, or dates of the calendar (both included)."""
    from sla_engine.cli.local_time import bound, days

    found = _calendar(name, policies, zone, config)
    begin, end = bound(found, first, later=False), bound(found, last, later=True)
    write, _ = _instants(found)
    intervals = found.intervals(begin, end)
    members = {
        "from": write(begin),
        "to": write(end),
        "open_ms": found.between(begin, end),
        "hours": [{"from": write(a), "to": write(b)} for a, b in intervals],
    }
    show = partial(days, found, begin, end)
    _answer(found, form, members, "\n".join(show()))
