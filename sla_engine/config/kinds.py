"""Kinds of setting: how a value is read from TOML or from text, and how it is written back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sla_engine.config.secret import Secret, SecretUrl
from sla_engine.limits import (
    DAY_MS,
    DURATION_MAX_MS,
    DURATION_MIN_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    TIME_MAX_MS,
    TIME_MIN_MS,
)

UNITS: Final = (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1))
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LIST_MAX: Final = 256
TEXT_MAX: Final = 4096

_DURATION = re.compile("".join(rf"(?:(\d{{1,15}}){unit})?" for unit, _ in UNITS), re.ASCII)
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PAIR = re.compile(r"([a-z0-9][a-z0-9_-]{0,31})=(.+)")
_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")


class BadValue(Exception):
    """A value is not of its kind; the text says what was expected, never the value itself."""


@dataclass(frozen=True)
class Kind:
    """`read` takes a TOML value or an environment variable's text and raises BadValue.

    `write` gives the value as TOML; `expects` completes "expected ..." and names the unit.
    """

    expects: str
    read: Callable[[object], object]
    write: Callable[[object], str]
    secret: bool = False


def quoted(value: object) -> str:
    """A TOML basic string."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in text) + '"'


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX or not value.isprintable():
        raise BadValue
    return value


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise BadValue


def _items(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    if not isinstance(value, list) or len(value) > LIST_MAX:
        raise BadValue
    items = tuple(_text(item) for item in value)
    if not all(items):
        raise BadValue
    return items


def _brokers(value: object) -> tuple[str, ...]:
    items = _items(value)
    for item in items:
        if not _BROKER.fullmatch(item) or not 0 < int(item.rpartition(":")[2]) < 65536:
            raise BadValue
    return items


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    found = [_PAIR.fullmatch(item) for item in _items(value)]
    if not all(found):
        raise BadValue
    return tuple((pair[1], pair[2]) for pair in found if pair)


def _secret_pairs(value: object) -> tuple[tuple[str, Secret], ...]:
    return tuple((name, Secret(text)) for name, text in _pairs(value))


def parse_duration(value: object, *, zero: bool = False) -> int:
    """Milliseconds of `10m`, `1h30m`, `30d` (policy-language, "Durations"; a day is 24 hours)."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise BadValue
    total = sum(
        int(count) * size for count, (_, size) in zip(found.groups(), UNITS, strict=True) if count
    )
    if not (DURATION_MIN_MS <= total <= DURATION_MAX_MS or (zero and total == 0)):
        raise BadValue
    return total


def write_duration(duration_ms: object) -> str:
    """The duration with the fewest parts: `90000` gives `1m30s`."""
    assert isinstance(duration_ms, int)
    rest, parts = duration_ms, ""
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        parts += f"{count}{unit}" if count else ""
    return quoted(parts or "0s")


def _instant(value: object) -> int | None:
    if value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise BadValue from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise BadValue
    instant = (value - EPOCH) // timedelta(milliseconds=1)
    if not TIME_MIN_MS <= instant < TIME_MAX_MS:
        raise BadValue
    return instant


def _write_instant(instant: object) -> str:
    if instant is None:
        return '""'
    assert isinstance(instant, int)
    moment = EPOCH + timedelta(milliseconds=instant)
    return quoted(f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z")


def _write_items(items: object) -> str:
    assert isinstance(items, tuple)
    return "[" + ", ".join(quoted(item) for item in items) + "]"


def _write_pairs(pairs: object) -> str:
    assert isinstance(pairs, tuple)
    return _write_items(tuple(f"{name}={value}" for name, value in pairs))


def whole(low: int, high: int) -> Kind:
    """A whole number from `low` to `high`."""

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadValue
        return value

    return Kind(f"a whole number from {low} to {high}", read, str)


def choice(*words: str) -> Kind:
    """One of the words."""

    def read(value: object) -> str:
        if value not in words:
            raise BadValue
        return str(value)

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), read, quoted)


def _topic(value: object) -> str:
    text = _text(value)
    if not _TOPIC.fullmatch(text) or text in (".", ".."):
        raise BadValue
    return text


def _topic_or_none(value: object) -> str:
    return "" if value == "" else _topic(value)


def _filled(value: object) -> str:
    text = _text(value)
    if not text.strip():
        raise BadValue
    return text


def _redis_url(value: object) -> SecretUrl:
    text = _text(value)
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise BadValue
    return SecretUrl(text)


FLAG: Final = Kind("true or false", _flag, lambda value: "true" if value else "false")
TEXT: Final = Kind("a text", _text, quoted)
NAME: Final = Kind("a text that is not empty", _filled, quoted)
PATH: Final = Kind("a path, or empty", _text, quoted)
FOLDER: Final = Kind("a folder; relative to the working directory", _filled, quoted)
ITEMS: Final = Kind("a list of texts (comma-separated in the environment)", _items, _write_items)
PAIRS: Final = Kind(
    "a list of name=value, the name in lower case (comma-separated in the environment)",
    _pairs,
    _write_pairs,
)
SECRET_PAIRS: Final = Kind(
    "a list of name=secret, the name in lower case (comma-separated in the environment)",
    _secret_pairs,
    _write_pairs,
    secret=True,
)
BROKERS: Final = Kind(
    "a list of host:port (comma-separated in the environment)", _brokers, _write_items
)
TOPIC: Final = Kind("a topic name: letters, digits, `.`, `_`, `-`", _topic, quoted)
TOPIC_OR_NONE: Final = Kind("a topic name, or empty", _topic_or_none, quoted)
DURATION: Final = Kind(
    "a duration from 1s to 1000d, like 10m or 1h30m", parse_duration, write_duration
)
INSTANT: Final = Kind(
    "an RFC 3339 time with an offset, like 2026-11-23T10:00:00Z, or empty",
    _instant,
    _write_instant,
)
SECRET: Final = Kind("a text", lambda value: Secret(_text(value)), quoted, secret=True)
REDIS_URL: Final = Kind(
    "an address redis://, rediss:// or unix://, or empty", _redis_url, quoted, secret=True
)
