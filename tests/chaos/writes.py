"""Every write that reached Redis, as its MONITOR shows them: whose it was, what it changed.

Neither the workers nor their logs are asked: a call that is shown with no inner command that
writes changed nothing, and one that did, under another token than the last claim's, was stale.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import redis

_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NUMBER = re.compile(r"\{(\d+)\}")
_CHANGING = ("HSET", "XADD", "SET", "APPEND", "UNLINK", "XTRIM")
_END = "the watch ends here"
_WRITES = ("commit", "checkpoint", "trim_outbox")


@dataclass
class Writes:
    """What came together; `stale` calls changed something under a token that was not the last."""

    claims: int = 0
    done: int = 0
    refused: int = 0
    stale: int = 0

    def __str__(self) -> str:
        return (
            f"{self.done} done, {self.refused} refused or repeated, {self.stale} stale ones done, "
            f"{self.claims} claims"
        )


@dataclass
class _Call:
    """One call of a function, until the next line of another client ends it."""

    name: str
    partition: str
    token: str
    changed: bool = False


@dataclass
class Watch:
    """Reads MONITOR until `stop`, or until Redis ends."""

    socket_path: Path
    writes: Writes = field(default_factory=Writes)

    def __post_init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._call: _Call | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(self.socket_path))
        self._connection.sendall(b"MONITOR\r\n")
        self._lines = self._connection.makefile("rb")
        assert self._lines.readline() == b"+OK\r\n"
        self._thread = threading.Thread(target=self._read, name="monitor", daemon=True)
        self._thread.start()

    def stop(self) -> Writes:
        """What came together up to now, and no more."""
        if self._thread.is_alive():
            with redis.Redis(unix_socket_path=str(self.socket_path)) as client:
                client.echo(_END)
        self._thread.join()
        self._settle()
        self._lines.close()
        self._connection.close()
        return self.writes

    def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            for line in self._lines:
                text = line.decode()
                if not text.endswith("\n") or ('"ECHO"' in text and _END in text):
                    return
                self.take(text)

    def take(self, line: str) -> None:
        """One line of MONITOR."""
        _, _, rest = line.partition("[")
        origin, _, command = rest.partition("] ")
        if origin.endswith(" lua"):
            verb = command[1 : command.index('"', 1)].upper()
            if self._call is not None and verb in _CHANGING:
                self._call.changed = True
            return
        self._settle()
        if command.upper().startswith('"FCALL"'):
            self._call = _called(command)

    def _settle(self) -> None:
        call, self._call = self._call, None
        if call is None:
            return
        if call.name == "claim" and call.changed:
            self.writes.claims += 1
            self._owners[call.partition] = call.token
        elif call.name in _WRITES:
            stale = self._owners.get(call.partition, call.token) != call.token
            self.writes.done += call.changed
            self.writes.refused += not call.changed
            self.writes.stale += call.changed and stale


def _called(command: str) -> _Call | None:
    texts = (match[1] for match in _TEXT.finditer(command))
    next(texts)
    name = next(texts)
    keys = [next(texts) for _ in range(int(next(texts)))]
    number = _NUMBER.search(keys[0]) if keys else None
    if number is None:
        return None
    kind = next((kind for kind in ("claim", *_WRITES) if name.endswith(f"_{kind}")), "")
    return _Call(kind, number[1], next(texts))
