"""The private server: started when no Redis is configured, shared by the commands of one folder."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

import redis
from redis.exceptions import BusyLoadingError, RedisError

from sla_engine.errors import StoreUnavailable
from sla_engine.store.link import client_of
from sla_engine.store.locks import FileLock, alone
from sla_engine.store.program import choose_socket, command_line, wheel_program

_POLL_S: Final = 0.02
_CALL_S: Final = 2.0
_LOG_TAIL_LINES: Final = 15

_left_to_others: Final[list[subprocess.Popen[bytes]]] = []
"""Our children that serve other processes now; held so that Python does not report them lost."""


class EmbeddedServer:
    """A Valkey server on a unix socket, its data in `data_dir`; `start()` gives its url.

    One server per folder. A second process with the same folder uses the running one, and the
    last user that stops ends it. A user that is killed leaves it running: the next one finds it. A
    server that is killed leaves its socket behind: the next start sees that nobody holds its lock
    and starts it again. So `start()` may be called at any time, also to bring it back.

    Who holds what, in the data folder: the server process `server.lock` as long as it lives, each
    user `users.lock` (shared), whoever starts or stops `starting.lock`. The kernel frees them when
    the process ends, so no stale file can lie.
    """

    def __init__(
        self, data_dir: str | Path, *, program: Path | None = None, timeout_s: float = 30.0
    ) -> None:
        """`program`: another server than the wheel's. `timeout_s`: for start and stop each."""
        self.folder = Path(data_dir).absolute()
        self.log = self.folder / "server.log"
        self._pid_file = self.folder / "server.pid"
        self._socket_file = self.folder / "server.socket"
        self._program = program
        self._timeout_s = timeout_s
        self._child: subprocess.Popen[bytes] | None = None
        self._user: FileLock | None = None

    @property
    def url(self) -> str:
        """Address for RedisStore; StoreUnavailable before the first start in this folder."""
        return f"unix://{quote(str(self._socket()))}"

    @property
    def pid(self) -> int:
        """Process id of the server, whoever started it; StoreUnavailable if there is none."""
        try:
            return int(self._pid_file.read_text())
        except (OSError, ValueError) as error:
            raise StoreUnavailable(f"no private server runs in {self.folder}") from error

    def start(self) -> str:
        """Start the server, or find the one that runs; returns its url when it answers.

        Loading what was stored takes about a second per gigabyte; it is waited for without limit.
        StoreUnavailable, with the end of the server's log, if it does not come up.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone(self.folder / "starting.lock", within_s=self._timeout_s):
                self._run()
                if self._user is None:
                    self._user = FileLock(self.folder / "users.lock")
                    self._user.shared()
        except OSError as error:
            raise StoreUnavailable(
                f"the private server cannot use the folder {self.folder}: {error}; "
                f"mend it or set another [data] dir"
            ) from error
        return self.url

    def stop(self) -> None:
        """Stop using it; the last user ends the server, cleanly. Nothing if it was not started."""
        if self._user is None:
            return
        with alone(self.folder / "starting.lock", within_s=self._timeout_s):
            last = self._user.try_exclusive()
            self._user.close()
            self._user = None
            if last:
                self._shut_down()
            elif self._child is not None:
                _left_to_others.append(self._child)
                self._child = None

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ start

    def _run(self) -> None:
        """Return when a server answers, this folder's own or one we started."""
        launched = False
        deadline = time.monotonic() + self._timeout_s
        while True:
            # Tried again each time: a server that was killed holds its lock for some milliseconds.
            launched = launched or self._launch_if_free()
            try:
                with self._client() as client:
                    client.ping()
                return
            except BusyLoadingError:
                deadline = time.monotonic() + self._timeout_s
            except RedisError as error:
                ended = launched and self._child is not None and self._child.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise self._no_answer(error, ended) from error
            time.sleep(_POLL_S)

    def _no_answer(self, error: RedisError, ended: bool) -> StoreUnavailable:
        if ended:
            return StoreUnavailable(
                f"the private server in {self.folder} ended at once:\n{self._log_tail()}"
            )
        return StoreUnavailable(
            f"a private server holds {self.folder} but does not answer at {self._socket()} "
            f"({error}): wait for it, or end the process in {self._pid_file}\n{self._log_tail()}"
        )

    def _launch_if_free(self) -> bool:
        lock = FileLock(self.folder / "server.lock")
        try:
            free = lock.try_exclusive()
            if free:
                self._launch(lock)
            return free
        finally:
            # The child has the file open, and with it the lock.
            lock.close()

    def _launch(self, lock: FileLock) -> None:
        program = wheel_program() if self._program is None else self._program
        self._reap()
        self._remove_socket()
        self._pid_file.unlink(missing_ok=True)
        socket = choose_socket(self.folder, "server.sock")
        for ours in (self._socket_file, self.log):
            ours.touch(mode=0o600)
        self._socket_file.write_text(str(socket))
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(  # noqa: S603  # our own words, no shell
                command_line(program, self.folder, socket, self._pid_file),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                umask=0o077,
                # A Ctrl-C in the terminal must reach the engine first, which then stops the server.
                start_new_session=True,
                pass_fds=(lock.fd,),
            )

    # ------------------------------------------------------------------ stop

    def _shut_down(self) -> None:
        with self._client() as client, contextlib.suppress(RedisError):
            # With `save ""` this writes no snapshot, only what the append-only file still lacks.
            client.shutdown()
        self._wait_until_it_is_gone()
        self._remove_socket()
        self._socket_file.unlink(missing_ok=True)

    def _wait_until_it_is_gone(self) -> None:
        lock = FileLock(self.folder / "server.lock")
        deadline = time.monotonic() + self._timeout_s
        try:
            while not lock.try_exclusive():
                if time.monotonic() > deadline:
                    raise StoreUnavailable(
                        f"the private server in {self.folder} does not end: end the process in "
                        f"{self._pid_file} (nothing it acknowledged is lost)"
                    )
                time.sleep(_POLL_S)
        finally:
            lock.close()
        self._reap()

    def _reap(self) -> None:
        """Our child has ended (its lock is free): take its exit code, so that no zombie stays."""
        if self._child is not None:
            self._child.wait()
            self._child = None

    # ------------------------------------------------------------------ places

    def _client(self) -> redis.Redis:
        return client_of(self.url, timeout_s=_CALL_S)

    def _socket(self) -> Path:
        try:
            return Path(self._socket_file.read_text())
        except OSError as error:
            raise StoreUnavailable(f"no private server runs in {self.folder}") from error

    def _remove_socket(self) -> None:
        """Remove what a server that was killed left; called while no server runs here."""
        with contextlib.suppress(StoreUnavailable, FileNotFoundError):
            socket = self._socket()
            if socket.is_socket():
                socket.unlink()
            if socket.parent != self.folder:
                # Made for this socket alone; anything else in it stays, and so does the folder.
                with contextlib.suppress(OSError):
                    socket.parent.rmdir()

    def _log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-_LOG_TAIL_LINES:])
