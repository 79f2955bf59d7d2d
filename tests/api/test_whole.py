"""The API as the command that a person starts, beside a worker that really runs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from click.testing import CliRunner

from sla_engine.cli import cli
from sla_engine.cli.live_worker import WorkerProcess, plain_environment, wait_until_claimed
from sla_engine.cli.wiring import open_services
from sla_engine.config import load_settings
from sla_engine.store.keeper import RedisKeeper
from sla_engine.store.redis_store import RedisStore
from tests.docs.pages import ROOT, blocks, write
from tests.services.process import missing
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(600)]

PAGE = blocks(ROOT / "docs" / "api.md")
PARTITIONS = 2
LONG_S = 240.0
#: What differs from run to run: instants, lengths, versions, ids of commands.
_VARIES = [
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r'"score":\d+'), '"score":N'),
]


class Company:
    """A worker with its private server in a folder of its own; verbs are called there."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.settings = settings
        self.worker = WorkerProcess(folder, folder / "policies", settings)

    def call(self, *words: str, stdin: bytes | None = None) -> str:
        result = CliRunner().invoke(cli, list(words), input=stdin, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def send(self, *events: dict[str, Any]) -> None:
        self.call("send", "-", stdin=b"".join(orjson.dumps(event) + b"\n" for event in events))

    @contextmanager
    def api(self) -> Iterator[str]:
        """The address of an API; it must end by itself when it is told to."""
        process = subprocess.Popen(
            [sys.executable, "-m", "sla_engine.cli", "api", "--port", "0"],
            cwd=self.folder,
            env=plain_environment(self.settings),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            said = ""
            while (line := process.stderr.readline()) and "listening on" not in line:
                said += line
            found = re.search(r"http://\S+(?=;)", line)
            assert found, said
            url = found[0]
            wait_until(
                lambda: httpx.get(f"{url}/readyz", trust_env=False).status_code == 200,
                "the API is not ready",
                LONG_S,
            )
            yield url
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    for block in PAGE:
        if block.path is not None:
            write(block, folder)
    settings = {
        "SLA_DATA__DIR": str(folder / "data"),
        "SLA_KAFKA__PARTITIONS": str(PARTITIONS),
        "SLA_KAFKA__CLOCKS": "clocks",
        "SLA_POLICIES__DIR": str(folder / "policies"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        services = open_services(load_settings(environ=settings).settings)
        services.log.ensure_topics(PARTITIONS)
        store = RedisStore(services.redis_url)
        made = Company(folder, settings)
        try:
            made.worker.start()
            wait_until_claimed(made.worker, store, [b""] * PARTITIONS, LONG_S, lambda: None)
            yield made
        finally:
            made.worker.stop()
            store.close()
            services.close()


def incident(name: str, kind: str = "created", **data: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"type": f"incident.{kind}", "subject": name, "time": now, "data": data}


def client_of(url: str, token: str) -> httpx.Client:
    """A client with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)


def comparable(text: str) -> str:
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text.strip()


def test_every_line_of_the_page_prints_what_it_says(company: Company) -> None:
    if shutil.which("curl") is None:
        missing("curl", "install curl")
    own = str(Path(sys.executable).parent)
    environment = {
        **plain_environment(company.settings),
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "no_proxy": "*",
    }

    def run(lines: str) -> str:
        return subprocess.run(
            ["bash", "-ec", lines],
            cwd=company.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    scripts = [block.text for block in PAGE if block.kind == "sh"]
    before = next(text for text in scripts if "token new" in text)
    run("\n".join(line for line in before.splitlines() if line != "sla-engine api"))
    shown = [(b.text, PAGE[i + 1]) for i, b in enumerate(PAGE) if "curl" in b.text]
    assert len(shown) == 3
    token = (company.folder / "token").read_text().strip()
    with company.api() as url, client_of(url, token) as client:
        wait_until(lambda: bool(client.get("/v1/queue").json()["incidents"]), "no incident", LONG_S)
        for lines, expected in shown:
            assert expected.kind == "json"
            printed = run(lines.replace("http://127.0.0.1:8081", url))
            assert comparable(printed) == comparable(expected.text)


def test_it_says_what_the_commands_say(company: Company) -> None:
    company.send(incident("w1", team="noc"), incident("w2", team="noc"), incident("w3"))
    token = company.call("token", "new", "reader").strip()
    with company.api() as url, client_of(url, token) as client:

        def listed() -> list[str]:
            told = client.get("/v1/incidents", params={"team": "noc"}).json()
            return [each["incident"] for each in told["incidents"]]

        wait_until(lambda: listed() == ["w1", "w2"], "they are not listed", LONG_S)
        said = [orjson.loads(line) for line in company.call("top", "--format", "json").splitlines()]
        queue = client.get("/v1/queue", params={"limit": 100}).json()["incidents"]
        assert [one["incident"] for one in said] == [one["incident"] for one in queue]
        at = "2099-01-01T00:00:00Z"
        explained = company.call("explain", "w1", "--at", at, "--format", "json")
        assert client.get("/v1/incidents/w1", params={"at": at}).json() == orjson.loads(explained)
        company.worker.kill()
        company.worker.start()
        company.send(incident("w2", "resolved"), incident("w4", team="noc"))
        wait_until(lambda: listed() == ["w1", "w4"], "a killed worker's next is not told", LONG_S)


def test_a_revoked_token_opens_nothing_from_the_next_request_on(company: Company) -> None:
    token = company.call("token", "new", "gone", "--scope", "read").strip()
    admin = company.call("token", "new", "boss", "--scope", "admin").strip()
    listed = company.call("token", "list")
    assert "gone" in listed
    assert token not in listed
    with company.api() as url:
        with client_of(url, token) as client:
            assert client.get("/v1/incidents").status_code == 200
            company.call("token", "revoke", "gone")
            assert client.get("/v1/incidents").status_code == 401
        with client_of(url, admin) as client:
            trail = client.get("/v1/audit").json()["entries"]
    assert [(e["action"], e["token"]) for e in trail[:2]] == [
        ("token revoke", "gone"),
        ("token new", "boss"),
    ]
    result = CliRunner().invoke(cli, ["token", "revoke", "gone"])
    assert result.exit_code == 2
    assert "token list" in result.output


def test_clocks_on_redis_streams(company: Company) -> None:
    company.send(incident("c1"))

    def told() -> dict[bytes, dict[str, Any]]:
        company.call("clocks", "--once")
        services = open_services(load_settings(environ=company.settings).settings)
        try:
            reader = services.log.reader()
            return {
                record.key or b"": orjson.loads(record.value or b"null")
                for partition in range(PARTITIONS)
                for record in reader.read("clocks", partition, -2)
            }
        finally:
            services.close()

    key = b"default/c1/default/resolution/1"
    wait_until(lambda: key in told(), "its clock is not told", LONG_S)
    clock = told()[key]
    assert clock["state"] == "running"
    assert clock["due"] is not None


def test_clocks_without_a_topic_are_refused(company: Company) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SLA_KAFKA__CLOCKS")
        result = CliRunner().invoke(cli, ["clocks", "--once"])
    assert result.exit_code != 0
    assert "kafka.clocks" in str(result.exception)


class TestKeeper:
    """What the API keeps for itself, on real servers."""

    @pytest.fixture
    def keeper(self, redis_server: RedisServer) -> Iterator[RedisKeeper]:
        keeper = RedisKeeper(redis_server.url)
        yield keeper
        keeper.close()

    def test_tokens_survive_a_power_cut(
        self, keeper: RedisKeeper, redis_server: RedisServer
    ) -> None:
        assert keeper.add_token("a", b"1")
        assert not keeper.add_token("a", b"2")
        redis_server.kill()
        redis_server.restart()
        keeper.close()
        assert keeper.tokens() == {"a": b"1"}
        assert keeper.drop_token("a")
        assert not keeper.drop_token("a")
        assert keeper.tokens() == {}

    def test_the_first_of_a_key_stays(self, keeper: RedisKeeper) -> None:
        assert keeper.first("k", b"1", 60_000) == b"1"
        assert keeper.first("k", b"2", 60_000) == b"1"
        assert keeper.first("other", b"2", 60_000) == b"2"

    def test_a_key_is_known_for_its_time_only(
        self, keeper: RedisKeeper, redis_server: RedisServer
    ) -> None:
        keeper.first("k", b"1", 60_000)
        with redis_server.client() as client:
            (name,) = client.keys("*command*")
            assert 0 < client.pttl(name) <= 60_000

    def test_the_trail_is_read_from_its_end(self, keeper: RedisKeeper) -> None:
        for n in range(5):
            keeper.note(b"%d" % n)
        first = keeper.notes("", 2)
        assert [entry for _, entry in first] == [b"4", b"3"]
        rest = keeper.notes(first[-1][0], 10)
        assert [entry for _, entry in rest] == [b"2", b"1", b"0"]
