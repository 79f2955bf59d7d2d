"""The contenders by name: how each is made ready and started, and what is said of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from benchmarks.contenders.expected import cache

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: Full size, and the size of those below 50,000 events/s.
FULL, TENTH = 1_000_000, 100_000


@dataclass(frozen=True)
class Contender:
    """One tool with its settings; `arguments` go to its program."""

    name: str
    folder: str
    durability: str
    incidents: int = FULL
    runs: int = 5
    redis: bool = False
    arguments: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        """Where it is written."""
        return HERE / self.folder

    @property
    def made(self) -> Path:
        """Where what is built of it is kept, outside of the tree."""
        digest = sha256(self._pins().read_bytes()).hexdigest()[:12]
        return cache() / f"{self.folder}-{digest}"

    def prepare(self) -> list[str]:
        """Install or build what it needs; the command that starts it."""
        if self._pins().suffix == ".xml":
            return self._java()
        module = f"benchmarks.contenders.{self.folder}.app"
        if self.folder == "engine":
            return [sys.executable, "-m", module]
        python = self.made / "bin" / "python"
        if not (self.made / "installed").exists():
            _quietly([sys.executable, "-m", "venv", str(self.made)])
            pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input"]
            _quietly([*pip, "-r", str(self._pins())])
            (self.made / "installed").touch()
        return [str(python), "-m", module, *self.arguments]

    def versions(self) -> list[str]:
        """What its requirements or its build pin."""
        lines = self._pins().read_text(encoding="utf-8").splitlines()
        if self._pins().suffix == ".xml":
            return [line.strip() for line in lines if ".version>" in line]
        return [line.rstrip(" \\") for line in lines if "==" in line and line[0] != " "]

    def _pins(self) -> Path:
        if self.folder == "engine":
            return ROOT / "requirements" / "run.txt"
        build = self.source / "pom.xml"
        return build if build.exists() else self.source / "requirements.txt"

    def _java(self) -> list[str]:
        """Built anew each time: it takes seconds."""
        build = ["mvn", "-q", "-B", "-f", str(self._pins()), f"-Dbench.build={self.made}"]
        _quietly([*build, "package"])
        opens = [
            f"--add-opens=java.base/{name}=ALL-UNNAMED"
            for name in ("java.lang", "java.util", "java.time", "java.nio")
        ]
        memory = ["-Xms3g", "-Xmx3g"]
        classes = f"{self.made}/classes:{self.made}/lib/*"
        return ["java", *opens, *memory, "-cp", classes, "bench.Main", *self.arguments]


def _quietly(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


_FLINK = {"parallelism": "2", "JVM heap": "3 GB", "checkpoints": "asked for every second"}

KNOWN = {
    one.name: one
    for one in (
        Contender(
            "engine",
            "engine",
            "journal in Redis (AOF every second) before the offset; alerts at least once",
            redis=True,
            settings={"workers": "1", "time.source": "events"},
        ),
        Contender("plain", "plain", "none: all in memory, offsets committed every 5 s"),
        Contender(
            "flink-heap",
            "flink",
            "checkpoints of the whole state, exactly once; alerts at least once",
            arguments=("heap", "three"),
            settings={**_FLINK, "state": "hashmap"},
        ),
        Contender(
            "flink-heap-one",
            "flink",
            "checkpoints of the whole state, exactly once; alerts at least once",
            arguments=("heap", "one"),
            settings={**_FLINK, "state": "hashmap", "timers per incident": "one"},
        ),
        Contender(
            "flink-rocksdb",
            "flink",
            "incremental checkpoints, exactly once; alerts at least once",
            arguments=("rocksdb", "three"),
            settings={**_FLINK, "state": "rocksdb, 1 GB managed"},
        ),
        Contender(
            "kafka-streams",
            "kafka_streams",
            "RocksDB and changelog topics, committed every second, alerts at least once",
            settings={"threads": "2", "cache": "256 MB", "JVM heap": "3 GB"},
        ),
        Contender(
            "faust",
            "faust",
            "each event in Redis (AOF every second) before the next; offsets every 2.8 s",
            incidents=TENTH,
            runs=3,
            redis=True,
            arguments=("worker", "--loglevel=warn"),
        ),
        Contender(
            "faust-take",
            "faust",
            "each thousand events in Redis (AOF every second); offsets every 2.8 s",
            incidents=TENTH,
            runs=3,
            redis=True,
            arguments=("worker", "--loglevel=warn"),
            environ={"BENCH_TAKE": "1000"},
            settings={"stream_buffer_maxsize": "131072"},
        ),
        Contender(
            "quix",
            "quix",
            "RocksDB and a changelog topic, committed every 5 s; wake-ups only in memory",
            incidents=TENTH,
            runs=3,
        ),
        Contender(
            "bytewax",
            "bytewax",
            "snapshots every 10 s in SQLite",
            incidents=TENTH,
            runs=3,
            settings={"workers": "1"},
        ),
    )
}
