"""Explanations: from a file of events or from the store, for people and for programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import click

from sla_engine.cli.output import put_json, span, table
from sla_engine.cli.replayed import read
from sla_engine.config import Settings
from sla_engine.engine.customers import learn
from sla_engine.engine.explain import explain
from sla_engine.engine.policy_store import book_of
from sla_engine.engine.ports import Store
from sla_engine.engine.refold import Folded, Folder
from sla_engine.errors import EventError
from sla_engine.event.packed import unpack_all
from sla_engine.policy import load_directory

#: Members of an event's data that stand for the rest on one line.
_SHOWN_CHARS: Final = 100


@dataclass(frozen=True)
class Found:
    """One incident, folded with its intervals, and what folds it."""

    folder: Folder
    folded: Folded
    allowed: tuple[str, ...]
    actors: tuple[str, ...]

    def explained(self) -> dict[str, Any]:
        """Its clocks, intervals, events and alerts."""
        return explain(self.folder, self.folded, self.allowed)


def from_file(
    path: str, settings: Settings, tenant: str, incident: str, at_ms: int | None
) -> Found:
    """One incident of a file of events, as of `at_ms` (None: after the last event)."""
    replay = read(path, settings)
    end_ms = replay.end_ms(None) if at_ms is None else at_ms
    folded = replay.incident(tenant, incident, end_ms)
    if folded is None or not folded.incident[0]["events"]:
        known = "up to then " if at_ms is not None else ""
        raise EventError(
            f"no event of incident `{incident}` (tenant `{tenant}`) {known}in {path}; "
            "ids and tenants are compared letter by letter",
            code="UNKNOWN_INCIDENT",
        )
    return Found(Folder(replay.book), folded, *_told_by(settings))


def from_store(settings: Settings, tenant: str, incident: str, at_ms: int | None) -> Found:
    """One incident as the workers' store has it, as of `at_ms` (None: now)."""
    from sla_engine.cli.wiring import open_services
    from sla_engine.store.redis_store import RedisStore

    policies = load_directory(settings.policies.dir)
    services = open_services(settings)
    try:
        partitions = services.log.ensure_topics(settings.kafka.partitions).partitions
        store = RedisStore(services.redis_url)
        try:
            packed = stored_history(store, partitions, tenant, incident)
            book = book_of(store, policies)
            learn(store, book)
        finally:
            store.close()
    finally:
        services.close()
    end_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    folder = Folder(book)
    folded = folder.fold(unpack_all(packed), end_ms, report=True) if packed else None
    if folded is None or not folded.incident[0]["events"]:
        raise EventError(
            f"no incident `{incident}` (tenant `{tenant}`) in the store; ids and tenants are "
            "compared letter by letter, and what was finished long ago is forgotten",
            code="UNKNOWN_INCIDENT",
        )
    return Found(folder, folded, *_told_by(settings))


def _told_by(settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(attributes that alerts carry, the engine's own actors)."""
    return tuple(settings.alerts.attributes), tuple(settings.engine.actors)


def stored_history(store: Store, partitions: int, tenant: str, incident: str) -> bytes:
    """The packed history of an incident; empty when the store does not know it."""
    from sla_engine.cli.live_store import PartitionView
    from sla_engine.stream.murmur2 import partition_of

    view = PartitionView(store, partition_of(incident.encode(), partitions))
    view.refresh()
    return view.history(tenant, incident)


def print_explained(explained: dict[str, Any], clock: str | None, form: str) -> None:
    """Print it, or one clock of it (`NAME` or `SET/NAME`)."""
    if clock is not None:
        explained = _only(explained, clock)
    if form == "json":
        put_json(explained)
    else:
        click.echo("\n".join(_lines(explained)))


def _only(explained: dict[str, Any], clock: str) -> dict[str, Any]:
    def asked(one: dict[str, Any]) -> bool:
        return clock in (one["clock"], f"{one['set']}/{one['clock']}")

    clocks = [one for one in explained["clocks"] if asked(one)]
    if not clocks:
        known = sorted({f"{one['set']}/{one['clock']}" for one in explained["clocks"]})
        raise click.UsageError(
            f"the incident has no clock `{clock}`; it has " + (", ".join(known) or "none")
        )
    alerts = [alert for alert in explained["alerts"] if asked(alert["data"])]
    return {**explained, "clocks": clocks, "alerts": alerts}


def _lines(explained: dict[str, Any]) -> Iterator[str]:
    tenant = "" if explained["tenant"] == "default" else f" (tenant {explained['tenant']})"
    yield f"incident {explained['incident']}{tenant}, as of {explained['as_of']}"
    yield ""
    rows = [[e["time"], e["type"], e["id"], _data(e["data"])] for e in explained["events"]]
    yield from table(["events", "", "id", "data"], rows)
    for clock in explained["clocks"]:
        yield ""
        yield from _clock(clock)
    if not explained["clocks"]:
        yield ""
        yield "no clock: no policy with a target matched; `--why-not CLOCK` says why"
    if explained["alerts"]:
        yield ""
        rows = [[a["time"], a["type"], a["id"], _to(a)] for a in explained["alerts"]]
        yield from table(["alerts", "", "id", "to"], rows)


def _clock(clock: dict[str, Any]) -> Iterator[str]:
    title = f"{clock['set']}/{clock['clock']} cycle {clock['cycle']}: {_state(clock)}"
    yield click.style(title, bold=True)
    yield (
        f"  policy {clock['policy']} {clock['policy_version']}, calendar {clock['calendar']} "
        f"{clock['calendar_version']} ({clock['time_zone']})"
    )
    rows = [
        [
            i["from"],
            i["to"],
            i["counts_as"],
            i["open_ms"],
            span(i["open_ms"]),
            ", ".join(i["events"]),
        ]
        for i in clock["intervals"]
    ]
    heads = ["from", "to", "counts as", "open ms", "", "begun by"]
    yield from (f"  {line}" for line in table(heads, rows))
    for word in ("paused", "resolved", "excluded"):
        if length := clock[f"{word}_ms"]:
            yield f"  {word} {span(length)} ({length} ms)"
    yield (
        f"  elapsed {span(clock['elapsed_ms'])} ({clock['elapsed_ms']} ms) of "
        f"{span(clock['target_ms'])} ({clock['target_ms']} ms)"
    )
    if clock["due"]:
        yield f"  due {clock['due']}" + (", pinned" if clock["pinned"] else "")
    if clock["breached_at"]:
        yield f"  breached at {clock['breached_at']}"


def _state(clock: dict[str, Any]) -> str:
    state = str(clock["state"])
    if clock["stopped"]:
        state += f" at {clock['stopped']}"
    return f"{state}, breached" if clock["breached"] else state


def _data(data: dict[str, Any]) -> str:
    text = ", ".join(f"{name}: {value}" for name, value in data.items())
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "..."


def _to(alert: dict[str, Any]) -> str:
    told = [name for action in alert["data"]["actions"] for name in action["to"]]
    return ", ".join(dict.fromkeys(told))
