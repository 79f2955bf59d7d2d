"""What the normaliser collects while it reads one event: packed spans, content, problems."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeGuard

from sla_engine.event.content import Tag, entry
from sla_engine.event.layout import DeadCode, SpanKind
from sla_engine.event.numbers import NumberText, number_text
from sla_engine.event.times import BAD_TIME, parse_time_text
from sla_engine.event.unpack import FORM_NULL, FORM_OTHER, FORM_TEXT, FORM_VALUE
from sla_engine.event.varints import varint
from sla_engine.limits import ID_BYTES_MAX, TEXT_BYTES_MAX, TIME_MAX_MS, TIME_MIN_MS

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why an event is refused. The least code of several is the one that is told."""

    code: DeadCode
    message: str


@dataclass(slots=True)
class Draft:
    """One event in the making. `time` is known before any span that is relative to it."""

    type: int
    time: int
    subject: str
    author: int = 0
    private: bool = False
    actor: str | None = None
    given: set[int] = field(default_factory=set)
    spans: bytearray = field(default_factory=bytearray)
    entries: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown: int = 0

    def refuse(self, code: DeadCode, message: str) -> None:
        """Note a problem: `where: what; how to mend it`."""
        self.problems.append(Problem(code, message))

    def put_text(self, member: int, text: bytes) -> None:
        """A TEXT span."""
        self.spans += bytes((member | FORM_TEXT,)) + varint(len(text)) + text

    def put_value(self, member: int, value: int) -> None:
        """A score as it is, or a time as its distance from the event's time."""
        self.spans += bytes((member | FORM_VALUE,)) + varint(_zigzag(value))

    def put_time(self, member: int, instant: int) -> None:
        """A TIME span."""
        self.put_value(member, instant - self.time)

    def put_null(self, member: int) -> None:
        """A NULL span: the attribute is unset."""
        self.spans.append(member | FORM_NULL)

    def put_other(
        self, member: int, kind: SpanKind, text: bytes = b"", name: bytes | None = None
    ) -> None:
        """A span of a kind that is written out, with a name if it is one of `custom`."""
        self.spans += bytes((member | FORM_OTHER, kind))
        if name is not None:
            self.spans += varint(len(name)) + name
        self.spans += varint(len(text)) + text

    def count(self, code: int, tag: Tag, text: bytes = b"", name: bytes = b"") -> None:
        """A value as it came, for the content hash."""
        self.entries.append(entry(code, tag, text, name))

    def text(self, where: str, value: object) -> tuple[Tag, bytes] | None:
        """A text, or a number as text, with what it was; None after noting a problem."""
        if type(value) is str:
            return Tag.TEXT, value.encode()
        if is_number(value):
            written = number_text(value)
            if written is not None:
                return Tag.NUMBER, written.encode()
            self.refuse(DeadCode.BAD_VALUE, f"{where}: the number is out of range; send it as text")
            return None
        self.refuse(DeadCode.BAD_VALUE, f"{where}: is {kind_of(value)}; send a text")
        return None

    def short_text(self, where: str, value: object) -> tuple[Tag, bytes] | None:
        """The same, of at most 1 KiB."""
        found = self.text(where, value)
        if found is not None and len(found[1]) > TEXT_BYTES_MAX:
            self.refuse(
                DeadCode.TOO_LONG,
                f"{where}: {len(found[1])} bytes; send at most {TEXT_BYTES_MAX} bytes of UTF-8",
            )
            return None
        return found

    def identity(self, where: str, value: object) -> tuple[Tag, bytes] | None:
        """An incident's id: not empty, at most 255 bytes, no control characters."""
        found = self.text(where, value)
        if found is None:
            return None
        fault = fault_of_identity(found[1].decode())
        if fault is not None:
            self.refuse(DeadCode.BAD_ID, f"{where}: {fault}")
            return None
        return found

    def instant(self, where: str, value: object) -> int | None:
        """A time stamp within 1990..2100 as milliseconds; None after noting a problem."""
        instant = parse_time_text(value) if type(value) is str else BAD_TIME
        if instant == BAD_TIME:
            self.refuse(
                DeadCode.BAD_VALUE,
                f"{where}: is no RFC 3339 time with an offset; "
                "send it like 2026-11-23T10:00:00.123Z",
            )
            return None
        if not TIME_MIN_MS <= instant < TIME_MAX_MS:
            self.refuse(
                DeadCode.BAD_VALUE,
                f"{where}: lies outside 1990..2100; send a time within, or null for none",
            )
            return None
        return instant


def is_number(value: object) -> TypeGuard[int | NumberText]:
    """A number of JSON, as the decoder gives it."""
    return type(value) is int or type(value) is NumberText


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a text"


def fault_of_identity(text: str) -> str | None:
    """What is wrong with an id, source, subject or tenant (contracts section 1); None = nothing."""
    if not text:
        return "is empty; send a text"
    size = len(text) if text.isascii() else len(text.encode())
    if size > ID_BYTES_MAX:
        return f"{size} bytes; send at most {ID_BYTES_MAX} bytes of UTF-8"
    control = _CONTROL.search(text)
    if control is None:
        return None
    return f"control character U+{ord(control.group()):04X} at {control.start()}; leave it out"


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else -value * 2 - 1
