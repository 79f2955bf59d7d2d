"""The command that a person starts, on real logs: kill -9 loses nothing; files are checked."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from sla_engine.cli import cli
from sla_engine.engine.ports import OutRecord, Producer
from sla_engine.store.embedded import EmbeddedServer
from sla_engine.stream.kafka.log import kafka_log
from sla_engine.stream.redis_streams.log import redis_log
from tests.deliver.delivering import alert, cleared, retracted, warning
from tests.deliver.receiver import Receiver, receiver
from tests.docs.pages import environment
from tests.services.kafka import KafkaBroker

pytestmark = pytest.mark.slow

SEED = 20261125
KILLS = 5
ALERTS = 400


@contextmanager
def command(folder: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`sla-engine deliver` as a process that delivers; ended at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sla_engine.cli", "deliver", *arguments],
        cwd=folder,
        env={**environment(), "SLA_DELIVER__ALLOW": "127.0.0.0/8", **settings},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("delivering to"), line + process.stderr.read()
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said, said


def put(producer: Producer, events: list[dict[str, Any]]) -> None:
    """Alerts onto the log, acknowledged."""
    failed: list[str] = []
    for event in events:
        record = OutRecord("alerts", None, event["subject"].encode(), orjson.dumps(event))
        producer.produce(record, lambda _, __, error: failed.append(error) if error else None)
    assert producer.flush(30) == 0
    assert failed == []


def killed_at_random(
    folder: Path, producer: Producer, desk: Receiver, settings: dict[str, str]
) -> None:
    """Alerts keep coming while delivery is killed; in the end everything was delivered."""
    (folder / "deliver.yaml").write_text(
        f"destinations: {{desk: {{kind: webhook, url: {desk.url}}}}}\ndefault: desk\n"
    )
    drawn = random.Random(SEED)
    events = [alert(str(i)) for i in range(ALERTS)]
    share = ALERTS // KILLS
    for number in range(KILLS):
        with command(folder, **settings) as process:
            put(producer, events[number * share : (number + 1) * share])
            desk.wait_for(len(desk.got) + drawn.randrange(share // 2))
            process.kill()
    with command(folder, **settings):
        put(producer, [alert("last")])
        expected = {event["id"] for event in events} | {alert("last")["id"]}
        with desk.changed:
            assert desk.changed.wait_for(lambda: {one.id for one in desk.got} >= expected, 60)
    assert set(desk.ids) == expected
    assert len(desk.ids) <= len(expected) + 8 * KILLS, "again comes only what was on its way"


def test_kill_9_at_random_loses_nothing_on_redis_streams(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "data") as server, receiver() as desk:
        log = redis_log(server.url)
        log.ensure_topics(16)
        producer = log.producer()
        try:
            killed_at_random(tmp_path, producer, desk, {})
        finally:
            producer.close()


def test_kill_9_at_random_loses_nothing_on_kafka(
    tmp_path: Path, kafka_broker: KafkaBroker, kafka_name: str
) -> None:
    names = {role: f"{kafka_name}-{role}" for role in ("events", "alerts", "dead")}
    log = kafka_log(kafka_broker.bootstrap, **names, group=f"{kafka_name}-group")
    log.ensure_topics(3)
    settings = {
        "SLA_KAFKA__BROKERS": kafka_broker.bootstrap,
        "SLA_KAFKA__PARTITIONS": "3",
        **{f"SLA_KAFKA__{role.upper()}": name for role, name in names.items()},
    }
    producer = log.producer()
    try:
        with receiver() as desk:
            killed_at_random(tmp_path, producer, desk, settings)
    finally:
        producer.close()


def test_a_topic_and_standard_output_get_the_alerts_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "deliver.yaml").write_text(
        "destinations: {out: {kind: stdout}, noc: {kind: topic, topic: alerts.noc}}\n"
        "default: [out, noc]\n"
    )
    with EmbeddedServer(tmp_path / "data") as server:
        log = redis_log(server.url)
        log.ensure_topics(16)
        producer = log.producer()
        with command(tmp_path) as process:
            put(producer, [alert("1"), warning("2")])
            assert process.stdout is not None
            lines = [orjson.loads(process.stdout.readline()) for _ in range(2)]
        producer.close()
        assert sorted(one["id"] for one in lines) == sorted([alert("1")["id"], warning("2")["id"]])
        noc = redis_log(server.url, alerts="alerts.noc")
        read = [
            orjson.loads(record.value or b"")
            for partition in range(noc.ensure_topics(16).partitions)
            for record in noc.reader().read("alerts", partition, -2)
        ]
    assert sorted(one["id"] for one in read) == sorted(one["id"] for one in lines)


def test_a_pipe_that_nobody_reads_holds_up_no_other_destination(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "data") as server, receiver() as desk:
        (tmp_path / "deliver.yaml").write_text(
            "destinations:\n  out: {kind: stdout, timeout: 1s, concurrency: 16}\n"
            f"  desk: {{kind: webhook, url: {desk.url}}}\ndefault: [out, desk]\n"
        )
        log = redis_log(server.url)
        log.ensure_topics(16)
        producer = log.producer()
        with command(tmp_path):
            for i in range(3):  # a pipe holds 64 KiB
                put(producer, [alert(f"{i}-{j}") for j in range(100)])
                desk.wait_for(100 * (i + 1))
        producer.close()


def test_a_second_delivery_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deliver.yaml").write_text("destinations: {out: {kind: stdout}}\ndefault: out\n")
    with command(tmp_path):
        second = subprocess.run(
            [sys.executable, "-m", "sla_engine.cli", "deliver"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 2
    assert "a delivery runs in the folder data already" in second.stderr


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a subverb."""
    done = subprocess.run(
        [sys.executable, "-m", "sla_engine.cli", "deliver", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_check_says_everything_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "deliver.yaml").write_text(
        "destinations: {out: {kind: stdout}}\nroutes: [{to: owt, mach: x}]\ndefault: out\n"
    )
    code, said = run(tmp_path, "check", "deliver.yaml")
    assert code == 1
    assert "deliver.yaml:2: BAD_VALUE `to`: there is no destination `owt`" in said
    assert "deliver.yaml:2: UNKNOWN_KEY a route has no key `mach` - did you mean `match`?" in said


def test_test_says_where_each_alert_would_go(tmp_path: Path) -> None:
    (tmp_path / "deliver.yaml").write_text(
        "destinations: {out: {kind: stdout}, noc: {kind: stdout}}\n"
        "routes:\n"
        "  - {match: attributes.team = noc, to: noc, group_by: [clock], continue: true}\n"
        "  - {match: type = breached, to: out}\n"
        "default: none\n"
    )
    noc = alert("1", attributes={"team": "noc"})
    lines = [noc, warning("2"), retracted(noc), cleared("1", "breach")]
    (tmp_path / "alerts.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    code, said = run(tmp_path, "test", "alerts.jsonl")
    assert code == 1
    assert said.splitlines() == [
        "default/1/default/resolution/1/breach  -> noc (group clock=resolution), out",
        "default/2/default/resolution/1/80%  -> nowhere",
        "default/1/default/resolution/1/breach~1  -> noc (group clock=resolution), out",
        "default/1/default/resolution/1/cleared  -> noc (group clock=resolution), out",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deliver"], "docs/delivery.md shows how"),
        (["deliver", "dead"], "nothing was delivered from this folder yet"),
        (["deliver", "test", "-"], "name a --file"),
    ],
)
def test_what_is_missing_is_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    environ = {"SLA_DATA__DIR": str(tmp_path), "SLA_DELIVER__FILE": str(tmp_path / "none.yaml")}
    done = CliRunner().invoke(cli, arguments, env=environ)
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
