"""Log lines for people or for programs, from the standard library's loggers.

Any package logs with `logging.getLogger(__name__)`: a constant message, and what varies as fields
in `extra` - `log.info("partition claimed", extra={"partition": 3})`. Whatever comes from outside
goes into fields only; it is escaped, cut, and masked where it is or holds a secret.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TextIO

from sla_engine.limits import LOG_VALUE_CHARS_MAX

MASK: Final = "<secret>"
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LIBRARIES: Final = ("faust", "mode", "aiokafka", "kafka", "asyncio", "numba", "redis", "uvicorn")
"""Their `info` is our `debug`."""
TRACE_LINES_MAX: Final = 60

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_NAME = re.compile(r"pass(word|wd)?$|secret|token|authorization|api_?key", re.IGNORECASE)
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s\"'<>]*@", re.IGNORECASE)


def configure_logging(
    log_format: str,
    level: str,
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to `stream` (default stderr), replacing what was set up.

    `log_format` is `console` or `json`, `level` one of LEVELS. Each text in `secrets` is replaced
    wherever it would appear.
    """
    clean = Cleaner(secrets)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(clean) if log_format == "json" else ConsoleFormatter(clean))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(LEVELS[level])
    quiet = LEVELS[level] if level == "debug" else max(LEVELS[level], logging.WARNING)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(quiet)
    logging.captureWarnings(True)


class Cleaner:
    """Makes any value fit for a log line: masked, cut, and without control characters."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one secret may contain another.
        self._secrets = sorted({text for text in secrets if text}, key=len, reverse=True)

    def text(self, value: object) -> str:
        """One line of printable text; over LOG_VALUE_CHARS_MAX it is cut, saying by how much."""
        text = self.masked(str(value))
        left_out = len(text) - LOG_VALUE_CHARS_MAX
        if left_out > 0:
            text = f"{text[:LOG_VALUE_CHARS_MAX]}...(+{left_out})"
        return "".join(c if c.isprintable() else _escaped(c) for c in text)

    def masked(self, text: str) -> str:
        """The text without known secrets and without the user part of addresses."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return _USER_INFO.sub(rf"\1{MASK}@", text)

    def field(self, name: str, value: object) -> object:
        """A field's value for JSON: numbers and flags as they are, all else as text."""
        if value is not None and value != "" and _SECRET_NAME.search(name):
            return MASK
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(value)

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the call gave in `extra`."""
        return {
            name: self.field(name, value)
            for name, value in vars(record).items()
            if name not in _OWN
        }

    def trace(self, record: logging.LogRecord) -> list[str]:
        """The lines of the error's traceback, the last ones if there are many."""
        if not record.exc_info or record.exc_info[0] is None:
            return []
        lines = logging.Formatter().formatException(record.exc_info).splitlines()
        return [self.text(line) for line in lines[-TRACE_LINES_MAX:]]


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, the fields, `error`."""

    def __init__(self, clean: Cleaner) -> None:
        super().__init__()
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON in ASCII: no character of it can end or disguise a line."""
        entry: dict[str, object] = {
            "time": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean.text(record.getMessage()),
        }
        fields = self._clean.fields(record)
        entry.update({f"{k}_" if k in entry or k == "error" else k: v for k, v in fields.items()})
        if trace := self._clean.trace(record):
            entry["error"] = "\n".join(trace)
        return json.dumps(entry, allow_nan=True)


class ConsoleFormatter(logging.Formatter):
    """`10:00:00.123 INFO    store  message  name=value`; a traceback follows, each line marked."""

    def __init__(self, clean: Cleaner) -> None:
        super().__init__()
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and marked lines for its traceback."""
        clock = f"{_moment(record):%H:%M:%S.%f}"[:-3]
        name = record.name.removeprefix("sla_engine.")
        head = f"{clock} {record.levelname:<7} {name}  {self._clean.text(record.getMessage())}"
        shown = "".join(_pair(item) for item in self._clean.fields(record).items())
        # The mark keeps a line break inside an error's text from looking like a line of its own.
        return "\n".join([head + shown, *(f"    | {line}" for line in self._clean.trace(record))])


def _pair(item: tuple[str, object]) -> str:
    name, value = item
    text = str(value)
    return f"  {name}={json.dumps(text, ensure_ascii=False) if ' ' in text else text}"


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
