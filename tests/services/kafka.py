"""A real Kafka broker for tests: one KRaft node on loopback, run from plain jars."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.services.process import Process, free_port, listens, missing

ROOT = Path(__file__).resolve().parents[2]
FETCH = ROOT / "scripts" / "fetch-kafka"
START_S = 60.0
CALL_S = 15.0

QUIET_LOG4J = """<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c)%n%ex"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


def kafka_jars() -> Path:
    """The folder of the broker's jars, fetched when Maven is there; else fails or skips."""
    if shutil.which("java") is None:
        missing("Kafka", "install a Java 17 runtime (openjdk-17-jre-headless)")
    result = subprocess.run(
        [str(FETCH)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        missing("Kafka", result.stderr.strip())
    return Path(result.stdout.strip())


class KafkaBroker:
    """A broker on a data folder of its own; topics and records survive `kill` and `restart`.

    `bootstrap` is the plain listener. With `users` (name -> password) there is a second one,
    `sasl_bootstrap`, that asks for SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN.
    `settings` are broker settings.
    """

    def __init__(
        self,
        jars: Path,
        *,
        users: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        heap_mb: int = 512,
    ) -> None:
        self.jars = jars
        self.users = dict(users or {})
        self.settings = dict(settings or {})
        self.heap_mb = heap_mb
        self.folder = Path(tempfile.mkdtemp(prefix="sla-kafka-"))
        # Kept over restarts, so that clients find the broker again.
        self.port, self.controller_port, self.sasl_port = free_port(), free_port(), free_port()
        self._process: Process | None = None

    @property
    def bootstrap(self) -> str:
        """For the setting `kafka.brokers`."""
        return f"127.0.0.1:{self.port}"

    @property
    def sasl_bootstrap(self) -> str:
        """The listener that asks for a user and a password (SASL_PLAINTEXT)."""
        assert self.users, "start the broker with `users`"
        return f"127.0.0.1:{self.sasl_port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self) -> KafkaBroker:
        """Start and return when it answers; formats its folder the first time."""
        assert not self.running, "the broker runs already"
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        memory = [f"-Xmx{self.heap_mb}m", "-Xms128m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]
        self._process = Process(
            [*self._java(*memory), "kafka.Kafka", str(self._properties())],
            log=self.folder / "broker.log",
            cwd=self.folder,
        )
        self._process.wait_until(self._answers, within_s=START_S)
        return self

    def stop(self) -> None:
        """Stop it cleanly."""
        self._running().stop()

    def kill(self) -> None:
        """kill -9."""
        self._running().kill()

    def freeze(self) -> None:
        """SIGSTOP until `thaw`."""
        self._running().freeze()

    def thaw(self) -> None:
        self._running().thaw()

    def restart(self) -> None:
        """Start again on the same folder and ports, after `kill` or `stop`."""
        if self.running:
            self.stop()
        self.start()

    def create_topic(
        self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> str:
        """Create a topic, wait until the broker knows it, and return its name."""
        topic = NewTopic(
            name, num_partitions=partitions, replication_factor=1, config=dict(config or {})
        )
        admin = self.admin()  # held by name: its calls end with it
        admin.create_topics([topic], operation_timeout=CALL_S)[name].result(timeout=CALL_S)
        return name

    def delete_topic(self, name: str) -> None:
        """Delete a topic with its records."""
        admin = self.admin()
        admin.delete_topics([name], operation_timeout=CALL_S)[name].result(timeout=CALL_S)

    def admin(self) -> AdminClient:
        """A new admin client on the plain listener."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def close(self) -> None:
        """End the process and remove its folder."""
        if self.running:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> KafkaBroker:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> Process:
        assert self._process is not None, "the broker was never started"
        return self._process

    def _answers(self) -> bool:
        if not listens(self.port):
            return False
        try:
            return bool(self.admin().list_topics(timeout=2.0).brokers)
        except KafkaException:
            return False

    def _java(self, *options: str) -> list[str]:
        log4j = self.folder / "log4j2.xml"
        log4j.write_text(QUIET_LOG4J)
        flags = [f"-Dlog4j2.configurationFile={log4j}", "-Djava.awt.headless=true"]
        return ["java", *options, *flags, "-cp", f"{self.jars}/*"]

    def _format(self) -> None:
        tool = [*self._java("-Xshare:auto"), "kafka.tools.StorageTool", "format", "--standalone"]
        arguments = ["-t", "c2xhLWVuZ2luZS10ZXN0cw", "-c", str(self._properties())]
        for name, password in self.users.items():
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                arguments += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
        result = subprocess.run(
            [*tool, *arguments], capture_output=True, text=True, check=False, cwd=self.folder
        )
        assert result.returncode == 0, result.stdout + result.stderr

    def _properties(self) -> Path:
        plain, controller = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.controller_port}"
        sasl = f",SASL_PLAINTEXT://127.0.0.1:{self.sasl_port}" if self.users else ""
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": controller,
            "listeners": f"PLAINTEXT://{plain},CONTROLLER://{controller}{sasl}",
            "advertised.listeners": f"PLAINTEXT://{plain}{sasl}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
            "SASL_PLAINTEXT:SASL_PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A killed worker of a test may not take 45 s to be noticed.
            "group.min.session.timeout.ms": "500",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "log.cleaner.enable": "false",
            "auto.create.topics.enable": "false",
            "log.segment.bytes": "67108864",
        }
        settings.update(self._sasl_settings())
        settings.update(self.settings)
        path = self.folder / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path

    def _sasl_settings(self) -> dict[str, str]:
        if not self.users:
            return {}
        prefix, package = "listener.name.sasl_plaintext", "org.apache.kafka.common.security"
        scram = f"{package}.scram.ScramLoginModule required;"
        plain = f"{package}.plain.PlainLoginModule required"
        names = "".join(f' user_{name}="{password}"' for name, password in self.users.items())
        return {
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
            f"{prefix}.scram-sha-256.sasl.jaas.config": scram,
            f"{prefix}.scram-sha-512.sasl.jaas.config": scram,
            f"{prefix}.plain.sasl.jaas.config": f"{plain}{names};",
        }


StartKafka = Callable[..., KafkaBroker]


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """A broker shared by the tests of a run; `kafka_broker.bootstrap` is its address.

    Use topic and group names of the test's own (`kafka_name`); never kill this one.
    """
    with KafkaBroker(kafka_jars()) as broker:
        yield broker


@pytest.fixture
def kafka_name(request: pytest.FixtureRequest, kafka_broker: KafkaBroker) -> str:
    """A name for topics and groups that no other test of the run uses."""
    number = len(kafka_broker.admin().list_topics(timeout=CALL_S).topics)
    test = "".join(c if c.isalnum() else "-" for c in request.node.name)
    return f"{test[:80]}-{os.getpid()}-{number}"


@pytest.fixture
def start_kafka() -> Iterator[StartKafka]:
    """`start_kafka(users=..., settings=..., heap_mb=...)`: a broker of the test's own."""
    brokers: list[KafkaBroker] = []

    def start(
        users: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        heap_mb: int = 512,
    ) -> KafkaBroker:
        broker = KafkaBroker(kafka_jars(), users=users, settings=settings, heap_mb=heap_mb)
        brokers.append(broker)
        return broker.start()

    yield start
    for broker in brokers:
        broker.close()
