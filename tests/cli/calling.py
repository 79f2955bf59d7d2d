"""Calling a verb as a user does: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from sla_engine.cli import main

Capture = pytest.CaptureFixture[bytes]

POLICIES = """\
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: [09:00-17:00]}, holidays: [12-25]}}
defaults: {calendar: office}
recipients: {lead: {}}
policies:
  - name: everyone
    clocks:
      first_response: {target: 1h}
      resolution: {target: {high: 4h, default: 2bd}, pause: status_class == "waiting_customer"}
    escalations: [{at: 80%, notify: team}, {at: breach, notify: lead}]
"""


@dataclass(frozen=True)
class Called:
    """What a call left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value that was printed."""
        return orjson.loads(self.out)

    def objects(self) -> list[Any]:
        """The JSON lines that were printed."""
        return [orjson.loads(line) for line in self.out.splitlines()]


def call(capture: Capture, *arguments: object) -> Called:
    """Run a verb in this process."""
    capture.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    found = capture.readouterr()
    return Called(int(str(ended.value.code)), found.out.decode(), found.err.decode())


def run_apart(
    *arguments: object,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Called:
    """Run a verb in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "sla_engine.cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        check=False,
    )
    return Called(done.returncode, done.stdout.decode(), done.stderr.decode())


def event(number: int, kind: str, at: str, subject: str = "4711", **data: Any) -> bytes:
    """One event on 2026-11-23 (a Monday) as a line; `at` is the time of day in UTC."""
    return (
        orjson.dumps(
            {
                "specversion": "1.0",
                "id": str(number),
                "source": "desk",
                "type": f"incident.{kind}",
                "subject": subject,
                "time": f"2026-11-23T{at}:00Z",
                "data": data,
            }
        )
        + b"\n"
    )
