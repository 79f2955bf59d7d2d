"""Turns the audit log of a ServiceNow instance into events, one JSON object per line.

Usage: python scenarios/servicenow/events.py incident_event_log.csv.gz > events.jsonl

One row of the log is one event. Its time is `sys_updated_at`, its sequence `sys_mod_count`, its id
the row's number. An event carries what changed since the incident's row before; `resolved_at`,
`closed_at` and `made_sla` are never read, since every row has them from the start. The log's
clock has no zone: it is taken as UTC. Standard library only.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

SOURCE = "servicenow"
ABSENT = "?"
NO_STATUS = "-100"

#: Column of the log -> attribute of an event (contracts: "Events in").
ATTRIBUTES = {
    "priority": "priority",
    "ident_state": "status",
    "assignment_group": "team",
    "assigned_to": "assignee",
    "caller_id": "requester",
    "contact_type": "channel",
    "location": "region",
    "vendor": "vendor",
}


def rows(path: str) -> Iterator[dict[str, str]]:
    """The rows of the log. Of the two columns `category` the first is kept."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        for values in reader:
            yield dict(reversed(list(zip(names, values, strict=True))))


def instant(text: str) -> str:
    """`29/2/2016 01:16` as RFC 3339."""
    date, clock = text.split(" ")
    day, month, year = date.split("/")
    return f"{year}-{month:0>2}-{day:0>2}T{clock}:00Z"


def attributes(row: dict[str, str]) -> dict[str, str | None]:
    """What the row says, absent as None; a row without a status says nothing about it."""
    found: dict[str, str | None] = {}
    for column, name in ATTRIBUTES.items():
        value = row[column]
        if not (name == "status" and value == NO_STATUS):
            found[name] = None if value == ABSENT else value
    return found


def events(log: Iterable[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """One event per row, in the order of the rows."""
    known: dict[str, dict[str, str | None]] = {}
    for number, row in enumerate(log, 1):
        incident = row["number"]
        first = incident not in known
        before = known.setdefault(incident, {})
        now = attributes(row)
        data: dict[str, Any] = {k: v for k, v in now.items() if before.get(k) != v}
        before.update(now)
        if first:
            data["opened_at"] = instant(row["opened_at"])
        yield {
            "specversion": "1.0",
            "id": str(number),
            "source": SOURCE,
            "type": "incident.created" if first else "incident.updated",
            "subject": incident,
            "time": instant(row["sys_updated_at"]),
            "sequence": row["sys_mod_count"],
            "data": data,
        }


def main(arguments: Sequence[str]) -> int:
    """Write all events, the earliest first."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python scenarios/servicenow/events.py LOG.csv.gz > EVENTS\n")
        return 2
    made = sorted(events(rows(arguments[0])), key=lambda event: str(event["time"]))
    for event in made:
        sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
