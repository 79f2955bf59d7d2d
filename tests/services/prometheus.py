"""Debian's Alertmanager and Prometheus for tests, on loopback ports and in folders of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.services.process import Process, free_port, missing

START_S = 30.0


class Served:
    """One of the two: its address and its process."""

    def __init__(self, program: str, package: str, folder: Path, *arguments: str) -> None:
        found = shutil.which(program)
        if found is None:
            missing(program, f"install the package {package}")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = Process(
            [found, f"--web.listen-address=127.0.0.1:{self.port}", *arguments],
            log=folder / f"{program}.log",
            cwd=folder,
        )
        self.process.wait_until(lambda: self.ready(), within_s=START_S)

    def ready(self) -> bool:
        try:
            return self.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **query: str) -> httpx.Response:
        return httpx.get(self.url + path, params=query, trust_env=False)

    def alerts(self) -> dict[tuple[str, str], Any]:
        """Of an Alertmanager: the active alerts by name and incident (or instance)."""
        found = self.get("/api/v2/alerts", active="true").json()
        named = [(one["labels"], one) for one in found]
        return {(of["alertname"], of.get("incident", of.get("job", ""))): one for of, one in named}


@contextmanager
def alertmanager(folder: Path) -> Iterator[Served]:
    """An Alertmanager that tells nobody, alone in its cluster."""
    (folder / "alertmanager.yml").write_text(
        "global: {resolve_timeout: 5m}\nroute: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
    )
    served = Served(
        "prometheus-alertmanager",
        "prometheus-alertmanager",
        folder,
        "--config.file=alertmanager.yml",
        "--storage.path=alertmanager-data",
        "--cluster.listen-address=",
    )
    try:
        yield served
    finally:
        served.process.stop()


@contextmanager
def prometheus(folder: Path, manager: Served, target: int, rules: str) -> Iterator[Served]:
    """A Prometheus that scrapes one port each second and sends its alerts to the Alertmanager."""
    (folder / "rules.yaml").write_text(rules)
    (folder / "prometheus.yml").write_text(
        f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{manager.port}']}}]}}]}}
scrape_configs: [{{job_name: sla-engine, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]
"""
    )
    served = Served(
        "prometheus",
        "prometheus",
        folder,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=prometheus-data",
    )
    try:
        yield served
    finally:
        served.process.stop()
