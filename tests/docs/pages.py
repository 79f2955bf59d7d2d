"""What a page of the documentation shows: files, and commands with what they print.

A fenced block behind a line that is only a path in backquotes and a colon is that file. In a
block of the kind `console` a line that begins with `$ ` is a command; what follows is its output.
Other blocks are not run: they need a worker that goes on running.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_VERSION = re.compile(r"\b[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Block:
    """One fenced block: a file if it has a path."""

    path: str | None
    kind: str
    text: str

    def commands(self) -> list[tuple[str, str]]:
        """(command, what it prints) of a block of the kind `console`."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [(command, rest) for command, _, rest in (part.partition("\n") for part in parts)]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(m["path"], m["kind"], m["text"]) for m in _BLOCK.finditer(text)]


def write(block: Block, folder: Path) -> None:
    """Put a block's file where it says."""
    assert block.path is not None
    path = folder / block.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def environment() -> dict[str, str]:
    """The caller's, with this Python's commands first."""
    own = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{own}{os.pathsep}{os.environ.get('PATH', '')}"}


def printed(command: str, folder: Path) -> str:
    """What a command line prints on stdout."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def comparable(text: str) -> str:
    """Without what differs from machine to machine: versions follow the installed tzdata."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return _VERSION.sub("VERSION", "\n".join(lines))
