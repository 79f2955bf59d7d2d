"""A real Alertmanager and a real Prometheus: alerts arrive, are sent again, and end."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deliver.delivering import MemoryAlerts, alert, cleared, delivering, retracted, warning
from tests.deliver.test_whole import command
from tests.docs.pages import ROOT
from tests.services.process import free_port, missing
from tests.services.prometheus import Served, alertmanager, prometheus
from tests.services.waiting import wait_until

pytestmark = pytest.mark.slow

RULES = ROOT / "docs" / "prometheus-rules.yaml"


def plan_for(manager: Served, resend: str) -> str:
    return f"""
destinations: {{am: {{kind: alertmanager, url: {manager.url}, resend: {resend}}}}}
default: am
"""


def test_alerts_arrive_and_end(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"), warning("2"), alert("3"), retracted(alert("3")), alert("4"))
    with alertmanager(tmp_path) as manager:
        with delivering(plan_for(manager, "1m"), log, tmp_path):
            expected = {("SlaBreached", "1"), ("SlaWarning", "2"), ("SlaBreached", "4")}
            wait_until(lambda: set(manager.alerts()) == expected, "they begin", 30)
            log.add(cleared("1", "breach"))
            left = expected - {("SlaBreached", "1")}
            wait_until(lambda: set(manager.alerts()) == left, "one ends", 30)
        one = manager.alerts()["SlaWarning", "2"]
    assert one["annotations"]["summary"].startswith("warning: 2 resolution")
    assert one["startsAt"] == warning("2")["time"]


def test_a_valid_alert_is_sent_again_before_it_ends_by_itself(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"))
    with alertmanager(tmp_path) as manager:
        with delivering(plan_for(manager, "1s"), log, tmp_path):
            wait_until(lambda: len(manager.alerts()) == 1, "it begins", 30)
            until = manager.alerts()["SlaBreached", "1"]["endsAt"]
            # It would have ended by then: what is there now was sent since.
            wait_until(lambda: after(manager, until), "it is sent again", 60)
        wait_until(lambda: manager.alerts() == {}, "it ends by itself", 60)


def after(manager: Served, until: str) -> bool:
    """Whether the Alertmanager was told of the alert after that time."""
    told: Any = manager.alerts()["SlaBreached", "1"]
    return bool(told["updatedAt"] > until)


def test_the_engines_own_rules_are_right_and_fire_when_it_stops(tmp_path: Path) -> None:
    program = shutil.which("promtool")
    if program is None:
        missing("promtool", "install the package prometheus")
    subprocess.run([program, "check", "rules", str(RULES)], check=True, stdout=sys.stderr)
    port = free_port()
    (tmp_path / "deliver.yaml").write_text("destinations: {out: {kind: stdout}}\ndefault: out\n")
    # What is tried is that the rules fire; not that a minute passes.
    quick = RULES.read_text().replace("for: 1m", "for: 1s")
    with alertmanager(tmp_path) as manager, prometheus(tmp_path, manager, port, quick) as server:
        with command(tmp_path, SLA_TELEMETRY__METRICS_PORT=str(port)):
            wait_until(lambda: scraped(server, "sla_deliver_waiting") == ["0"], "a scrape", 60)
            assert manager.alerts() == {}
        wait_until(lambda: ("SlaEngineDown", "sla-engine") in manager.alerts(), "it fires", 90)


def scraped(server: Served, metric: str) -> list[str]:
    """The values of a metric that Prometheus has."""
    found = server.get("/api/v1/query", query=metric).json()["data"]["result"]
    return [one["value"][1] for one in found]
