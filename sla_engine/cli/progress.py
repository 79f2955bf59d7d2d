"""What a command is busy with, on stderr, once it takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Final, TextIO

#: Silence up to here; beyond it the user is told.
QUIET_S: Final = 2.0
#: How often a count is renewed: in a terminal on its line, elsewhere on a line of its own.
_TERMINAL_S: Final = 0.2
_LINES_S: Final = 10.0


class Progress:
    """Within the block, `step` says what begins and `count` how far it is.

    In a terminal the line is renewed and wiped at the end; elsewhere each step that takes long
    is a line, and one more every ten seconds.
    """

    def __init__(self, stream: TextIO | None = None, quiet_s: float = QUIET_S) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._quiet_s = quiet_s
        self._done = threading.Event()
        self._text = ""
        self._count = 0
        self._written: tuple[str, int] | None = None
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def step(self, text: str) -> None:
        """What is being done from now on."""
        self._text, self._count = text, 0

    def count(self, number: int) -> None:
        """How many are done."""
        self._count = number

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        if self._terminal and self._written is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _tell(self) -> None:
        if self._done.wait(self._quiet_s):
            return
        said_at = -_LINES_S
        while True:
            now = time.monotonic()
            current = (self._text, self._count)
            new_step = self._written is None or self._written[0] != current[0]
            due = self._terminal or new_step or now - said_at >= _LINES_S
            if current[0] and due:
                self._write(current)
                said_at = now
            if self._done.wait(_TERMINAL_S):
                return

    def _write(self, current: tuple[str, int]) -> None:
        self._written = current
        text, number = current
        counted = f": {number:,}" if number else ""
        line = f"{text}{counted} ..."
        self._stream.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()
