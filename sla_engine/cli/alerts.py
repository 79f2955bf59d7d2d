"""`sla-engine alerts`: the alert stream in the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import orjson

from sla_engine.cli.options import config_option, format_option

if TYPE_CHECKING:
    from sla_engine.cli.live_tail import Alert

_POLL_S: Final = 0.2
_KINDS: Final = {
    "sla.clock.warning": "warning",
    "sla.clock.breached": "breached",
    "sla.escalation": "escalation",
    "sla.alert.cleared": "cleared",
    "sla.alert.retracted": "retracted",
    "sla.alert.amended": "amended",
}


@click.command(
    epilog="""\b
Examples:
  sla-engine alerts --follow
  sla-engine alerts --incident 4711 --format json
"""
)
@click.option("--follow", "-f", is_flag=True, help="Wait for new ones until Ctrl-C.")
@click.option("--new", is_flag=True, help="Only those that come from now on; goes with --follow.")
@click.option("--incident", help="Only this incident's.")
@format_option
@config_option
def alerts(follow: bool, new: bool, incident: str | None, form: str, config: Path | None) -> None:
    """Print the alerts on the log by time; corrections too, each as it was sent."""
    if new and not follow:
        raise click.UsageError("--new prints what comes from now on: add --follow")
    from sla_engine.cli.live_log import open_log
    from sla_engine.cli.live_tail import Tail, alert_of

    with open_log(config) as log:
        tail = Tail(log.reader, "alerts", log.partitions, from_end=new)
        while True:
            found = [alert for record in tail.new() if (alert := alert_of(record)) is not None]
            _print(found, incident, form)
            if not follow:
                return
            time.sleep(_POLL_S)


def _print(found: Iterable[Alert], incident: str | None, form: str) -> None:
    for alert in sorted(found, key=lambda each: (each.time_ms, each.id)):
        if incident is None or alert.event["subject"] == incident:
            text = orjson.dumps(alert.event).decode() if form == "json" else line(alert)
            click.echo(text)
    sys.stdout.flush()


def line(alert: Alert) -> str:
    """An alert on one line: when, what, which clock, and whom it reaches."""
    data = alert.data
    kind = _KINDS.get(alert.event["type"], str(alert.event["type"]))
    start = f"{alert.event['time']}  {kind:<10}  {alert.event['subject']:<16}"
    if "clock" not in data:
        return f"{start}  {data.get('alert', '')}"
    parts = [f"{data['set']}/{data['clock']}/{data['cycle']}", str(data["threshold"])]
    if data.get("due"):
        parts.append(f"due {data['due']}")
    if data.get("late"):
        parts.append(f"{data['late_by_ms']} ms late ({data['late']})")
    if data.get("superseded"):
        parts.append("superseded")
    reached = [to for action in data.get("actions", ()) for to in action["to"]]
    whom = f"  -> {', '.join(reached)}" if reached else ""
    return f"{start}  {'  '.join(parts)}{whom}"
