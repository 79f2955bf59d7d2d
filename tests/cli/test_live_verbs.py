"""What the terminal shows of a worker that really runs: alerts, dead letters, queue, incidents."""

import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from sla_engine.cli import cli
from sla_engine.cli.live_worker import WorkerProcess, plain_environment, wait_until_claimed
from sla_engine.cli.wiring import Services, open_services
from sla_engine.config import load_settings
from sla_engine.store.redis_store import RedisStore
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(600)]

POLICIES = """
recipients: {lead: {}}
policies:
  - name: quick
    when: priority == "urgent"
    clocks: {resolution: {target: 1s}}
    escalations: [{at: breach, page: lead}]
  - name: everyone
    clocks: {resolution: {target: 10h}, first_response: {target: 5h}}
"""
PARTITIONS = 2
LONG_S = 240.0


@dataclass
class Company:
    """A worker with its private server; verbs are called with its settings."""

    folder: Path
    services: Services

    def call(self, *words: str, stdin: bytes | None = None) -> str:
        result = CliRunner().invoke(cli, list(words), input=stdin, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def objects(self, *words: str) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.call(*words, "--format", "json").splitlines()]

    def send(self, *events: dict[str, Any]) -> None:
        self.call("send", "-", stdin=b"".join(orjson.dumps(event) + b"\n" for event in events))

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        wait_until(ready, what, LONG_S)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    policies = folder / "policies"
    policies.mkdir()
    (policies / "policies.yaml").write_text(POLICIES)
    settings = {
        "SLA_DATA__DIR": str(folder / "data"),
        "SLA_KAFKA__PARTITIONS": str(PARTITIONS),
        "SLA_POLICIES__DIR": str(policies),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        services = open_services(load_settings(environ=settings).settings)
        services.log.ensure_topics(PARTITIONS)
        store = RedisStore(services.redis_url)
        worker = WorkerProcess(folder, policies, settings)
        try:
            worker.start()
            wait_until_claimed(worker, store, [b""] * PARTITIONS, LONG_S, lambda: None)
            made = Company(folder, services)
            fill(made)
            yield made
        finally:
            worker.stop()
            store.close()
            services.close()


def incident(name: str, kind: str, **data: Any) -> dict[str, Any]:
    return {
        "type": f"incident.{kind}",
        "subject": name,
        "id": f"{name}-{kind}-{len(data)}",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "data": data,
    }


def fill(company: Company) -> None:
    company.send(
        incident("late", "created", priority="urgent", team="depot", title="Burst pipe"),
        incident("calm", "created", priority="low", customer="ACME", team="desk", title="A query"),
        incident("done", "created", priority="low", customer="ACME"),
        incident("done", "resolved"),
        incident("calm", "commented", text="by nobody"),
    )
    company.wait(lambda: "breached" in company.call("alerts"), "no breach was sent")
    company.wait(lambda: bool(company.call("dead", "list")), "no dead letter was written")


def test_alerts_shows_what_whom_and_when(company: Company) -> None:
    (line,) = company.call("alerts", "--incident", "late").splitlines()
    assert "breached" in line
    assert "default/resolution/1" in line
    assert line.endswith("-> lead")


def test_alerts_as_json_are_the_records_themselves(company: Company) -> None:
    (alert,) = company.objects("alerts", "--incident", "late")
    assert alert["id"] == "default/late/default/resolution/1/breach"
    assert alert["specversion"] == "1.0"


def test_alerts_follow_prints_an_alert_when_it_comes(company: Company) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "sla_engine.cli", "alerts", "--follow", "--incident", "later"],
        stdout=subprocess.PIPE,
        cwd=company.folder,
    )
    try:
        company.send(incident("later", "created", priority="urgent"))
        assert child.stdout is not None
        assert b"breached" in child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
    finally:
        child.kill()
        child.communicate()
    company.send(incident("later", "resolved"))


def test_new_without_follow_is_refused() -> None:
    result = CliRunner().invoke(cli, ["alerts", "--new"])
    assert result.exit_code == 2
    assert "--follow" in result.output


def test_a_dead_letter_is_listed_with_its_reason_and_shown_with_its_bytes(company: Company) -> None:
    letter = company.objects("dead", "list", "--code", "NO_AUTHOR")[0]
    assert orjson.loads(b64decode(letter["bytes"]))["subject"] == "calm"
    shown = company.call("dead", "show", letter["place"])
    assert "NO_AUTHOR" in shown
    assert "by nobody" in shown


def test_codes_that_nothing_was_refused_for_list_nothing(company: Company) -> None:
    assert company.call("dead", "list", "--code", "TOO_DEEP") == ""


def test_a_replayed_dead_letter_is_judged_again(company: Company) -> None:
    (letter,) = company.objects("dead", "list")[:1]
    before = len(company.objects("dead", "list"))
    company.call("dead", "replay", letter["place"])
    company.wait(
        lambda: len(company.objects("dead", "list")) == before + 1, "it was not refused again"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dead", "replay"], "--all"),
        (["dead", "replay", "--all", "--code", "X"], "--all"),
        (["dead", "show", "nowhere"], "PARTITION:OFFSET"),
        (["dead", "show", "0:99999"], "dead list"),
        (["dead", "show", "77:0"], "dead list"),
    ],
)
def test_a_wrong_call_says_what_to_write(company: Company, words: list[str], told: str) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2
    assert told in result.output


def test_top_puts_the_broken_promise_first_and_leaves_out_what_is_done(company: Company) -> None:
    company.wait(
        lambda: [one["incident"] for one in company.objects("top")] == ["late", "calm"],
        "the queue is not as it should be",
    )
    first, second = company.objects("top")
    assert first["score"] > second["score"]
    assert (first["due"], second["due"] is not None) == (None, True)
    lines = company.call("top").splitlines()
    assert "late" in lines[1]
    assert "Burst pipe" in lines[1]
    assert lines[-1] == "2 open"


def test_top_of_a_team_and_with_a_limit(company: Company) -> None:
    assert [one["incident"] for one in company.objects("top", "--team", "desk")] == ["calm"]
    assert [one["incident"] for one in company.objects("top", "--limit", "1")] == ["late"]


def test_incidents_of_a_customer_with_every_clock(company: Company) -> None:
    (one,) = company.objects("incidents", "--customer", "ACME")
    assert one["incident"] == "calm"
    assert [clock["clock"] for clock in one["clocks"]] == ["first_response", "resolution"]
    text = company.call("incidents", "--customer", "ACME")
    assert "default/first_response/1" in text
    assert text.splitlines()[-1] == "1 open"


def test_incidents_show_what_fired(company: Company) -> None:
    (one,) = company.objects("incidents", "--team", "depot")
    (clock,) = one["clocks"]
    assert clock["breached"]
    assert [fired["threshold"] for fired in clock["fired"]] == ["breach"]


def run_demo(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    # Settings of the caller's own must not reach the demo: nobody listens there.
    environment = plain_environment({"TMPDIR": str(folder), "SLA_KAFKA__BROKERS": "127.0.0.1:1"})
    return subprocess.Popen(
        [sys.executable, "-m", "sla_engine.cli", "demo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
    )


def test_the_demo_tells_its_stories_and_agrees_with_the_replay(tmp_path: Path) -> None:
    child = run_demo(tmp_path, "--plain", "--seed", "3")
    output, _ = child.communicate(timeout=500)
    told = output.decode()
    assert child.returncode == 0, told
    assert "kill -9" in told
    assert "promise kept" in told
    assert "0 lost" in told
    assert "they agree" in told
    assert told.count("  sla-engine ") == 3
    (folder,) = tmp_path.glob("sla-engine-demo-*")
    assert sorted(path.name for path in folder.iterdir()) == [
        "events.jsonl",
        "policies",
        "sla-engine.toml",
    ]


def test_ctrl_c_leaves_no_process_and_no_file_behind(tmp_path: Path) -> None:
    child = run_demo(tmp_path)
    assert child.stdout is not None
    while b"08:30" not in child.stdout.readline():
        assert child.poll() is None
    (folder,) = tmp_path.glob("sla-engine-demo-*")
    server = int((folder / "server" / "server.pid").read_text())
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
    assert list(tmp_path.glob("sla-engine-demo-*")) == []
