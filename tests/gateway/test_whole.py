"""The gateway on a real log, and as the command that a person starts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from sla_engine.cli.gateway_wiring import senders
from sla_engine.config import load_settings
from sla_engine.ingest.tokens import hash_of
from sla_engine.stream.redis_streams.log import RedisLog, redis_log
from tests.docs.pages import ROOT, blocks, environment, write
from tests.gateway.serving import event, gateway
from tests.services.process import missing
from tests.services.redis import RedisServer, StartRedis

pytestmark = pytest.mark.slow

TOKEN_LINE = re.compile(r"^sla_[A-Za-z0-9_-]{43}$")


def stored(log: RedisLog) -> list[Any]:
    """Every event of the log, partition by partition."""
    reader = log.reader()
    return [
        orjson.loads(record.value or b"")
        for partition in range(log.identity().partitions)
        for record in reader.read("events", partition, -2)
    ]


def test_what_was_answered_202_survives_a_power_cut(redis_server: RedisServer) -> None:
    log = redis_log(redis_server.url)
    partitions = log.ensure_topics(4).partitions
    producer = log.producer()
    with gateway(producer, partitions=partitions) as door:
        for i in range(20):
            batch = [event(f"{i}-{j}", subject=f"s{j}") for j in range(10)]
            assert door.post(batch).status_code == 202
        redis_server.kill()
        redis_server.restart()
        found = stored(log)
    producer.close()
    assert len(found) == 200
    for j in range(10):
        of_one = [one["id"] for one in found if one["subject"] == f"s{j}"]
        assert of_one == [f"{i}-{j}" for i in range(20)], "an incident's events keep their order"


def test_while_the_log_is_away_nothing_is_202_and_then_it_goes_on(start_redis: StartRedis) -> None:
    server = start_redis()
    log = redis_log(server.url)
    partitions = log.ensure_topics(1).partitions
    producer = log.producer()
    with gateway(producer, partitions=partitions) as door:
        assert door.post(event("before")).status_code == 202
        server.kill()
        with pytest.raises(httpx.ReadTimeout):
            door.post(event("while it is away"), timeout=1)
        assert door.client.get("/healthz").status_code == 200
        server.restart()
        assert door.post(event("after")).status_code == 202
        ids = [one["id"] for one in stored(log)]
    producer.close()
    assert ids[0] == "before"
    assert ids[-1] == "after"


@contextmanager
def command(folder: Path, *arguments: str, **settings: str) -> Iterator[tuple[Any, str]]:
    """`sla-engine gateway` as a process, and its address; ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sla_engine.cli", "gateway", "--port", "0", *arguments],
        cwd=folder,
        env={**environment(), **settings},
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
        yield process, found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_every_curl_line_of_the_page_prints_what_it_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl", "install curl")
    page = blocks(ROOT / "docs" / "gateway.md")
    for block in page:
        if block.path is not None:
            write(block, tmp_path)
    shown = [(b.text, page[i + 1]) for i, b in enumerate(page) if "curl" in b.text]
    assert len(shown) >= 3
    with command(tmp_path) as (process, url):
        for lines, expected in shown:
            done = subprocess.run(
                ["bash", "-ec", lines.replace("http://127.0.0.1:8080", url)],
                cwd=tmp_path,
                env={**os.environ, "no_proxy": "*"},
                capture_output=True,
                text=True,
                check=True,
            )
            assert expected.kind == "json"
            assert done.stdout.strip() == expected.text.strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_new_token_is_one_that_its_entry_lets_in(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sla_engine.cli", "gateway", "--new-token", "desk"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    token = done.stdout.strip()
    assert TOKEN_LINE.match(token)
    assert token not in done.stderr
    (entry,) = re.findall(r'tokens = \["(.*)"\]', done.stderr)
    (tmp_path / "sla-engine.toml").write_text(f'[gateway]\ntokens = ["{entry}"]\n')
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    with command(tmp_path) as (_, url):
        answer = httpx.post(f"{url}/v1/events", content=b"[]", headers=headers, trust_env=False)
        assert answer.status_code == 202


def test_the_settings_that_the_page_shows_are_taken(tmp_path: Path) -> None:
    shown = [block.text for block in blocks(ROOT / "docs" / "gateway.md") if block.kind == "toml"]
    assert len(shown) == 2
    for number, text in enumerate(shown):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        tokens, hooks = senders(load_settings(path, environ={}).settings)
        assert tokens.names | hooks.names == {"desk"}


def test_tokens_are_changed_without_a_restart(tmp_path: Path) -> None:
    settings = tmp_path / "sla-engine.toml"

    def status(url: str, token: str) -> int:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/cloudevents-batch+json",
        }
        return httpx.post(
            f"{url}/v1/events", content=b"[]", headers=headers, trust_env=False
        ).status_code

    settings.write_text(f'[gateway]\ntokens = ["desk={hash_of("old")}"]\n')
    with command(tmp_path) as (process, url):
        assert (status(url, "old"), status(url, "new")) == (202, 401)
        settings.write_text("[gateway]\ntokens = 7\n")
        process.send_signal(signal.SIGHUP)
        while "stay as they were" not in process.stderr.readline():
            assert process.poll() is None
        assert status(url, "old") == 202, "wrong settings change nothing"
        settings.write_text(f'[gateway]\ntokens = ["desk={hash_of("new")}"]\n')
        process.send_signal(signal.SIGHUP)
        while "those of the settings now" not in process.stderr.readline():
            assert process.poll() is None
        assert (status(url, "old"), status(url, "new")) == (401, 202)


def test_an_unknown_vendor_is_connected_by_the_pages_mapping(tmp_path: Path) -> None:
    for block in blocks(ROOT / "docs" / "gateway.md"):
        if block.path in ("payload.json", "desk.yaml"):
            write(block, tmp_path)
    entry = f"desk={hash_of('the-desks-token')}"
    settings = {"SLA_GATEWAY__TOKENS": entry, "SLA_GATEWAY__HOOKS": "desk=desk.yaml"}
    with command(tmp_path, **settings) as (_, url):
        answer = httpx.post(
            f"{url}/v1/hooks/desk",
            content=(tmp_path / "payload.json").read_bytes(),
            headers={"Authorization": "Bearer the-desks-token"},
            trust_env=False,
        )
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert "desk.yaml:11: team" in answer.json()["ignored"][0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "run `sla-engine gateway --new-token NAME`"),
        ({"SLA_GATEWAY__TOKENS": "desk=secret"}, "is no SHA-256 in hex"),
        ({"SLA_GATEWAY__TOKENS": "secret"}, "must be a list of name=value"),
        (
            {"SLA_GATEWAY__TOKENS": f"desk={'0' * 64}", "SLA_GATEWAY__TENANTS": "dsk=acme"},
            "gateway.tenants: dsk is neither in",
        ),
        ({"SLA_GATEWAY__HOOKS": "desk=zendsk"}, "no such vendor; known are zendesk, jira"),
        ({"SLA_GATEWAY__HOOKS": "desk=zendesk"}, "desk: has 0 secrets"),
        ({"SLA_GATEWAY__HOOKS": "desk=none.yaml"}, "none.yaml cannot be read"),
        ({"SLA_GATEWAY__HOOKS": "am=alertmanager"}, "proves itself by a bearer token"),
        ({"SLA_GATEWAY__SECRETS": "desk=x"}, "gateway.secrets: desk is not in gateway.hooks"),
    ],
)
def test_settings_with_which_nobody_could_send_are_named(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sla_engine.cli", "gateway"],
        cwd=tmp_path,
        env={**environment(), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
