"""Dead letters as read back from the log: what was refused, why, and where it came from."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sla_engine.engine.ports import LogReader, StoredRecord


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record of the dead letters; `place` is its own PARTITION:OFFSET there."""

    record: StoredRecord
    headers: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.record.partition}:{self.record.offset}"

    @property
    def code(self) -> str:
        return self.headers.get("dl-code", "")

    @property
    def origin(self) -> tuple[str, str, str]:
        """Topic, partition and offset it was read from; the same for a letter written twice."""
        names = ("dl-topic", "dl-partition", "dl-offset")
        topic, partition, offset = (self.headers.get(name, "") for name in names)
        return topic, partition, offset

    def shown(self) -> dict[str, Any]:
        """For --format json; `bytes` is base64, as in `replay --dead`."""
        value = self.record.value
        return {
            "place": self.place,
            "code": self.code,
            "message": self.headers.get("dl-message", ""),
            "time": self.headers.get("dl-time", ""),
            "topic": self.headers.get("dl-topic", ""),
            "partition": int(self.headers.get("dl-partition", -1)),
            "offset": int(self.headers.get("dl-offset", -1)),
            "key": None if self.record.key is None else self.record.key.decode(errors="replace"),
            "bytes": None if value is None else b64encode(value).decode(),
        }


def letter_of(record: StoredRecord) -> DeadLetter:
    """A record of the dead letters with its headers as text."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    return DeadLetter(record, headers)


def all_letters(reader: LogReader, partitions: int) -> Iterator[DeadLetter]:
    """Every dead letter, partition by partition."""
    for partition in range(partitions):
        first, end = reader.bounds("dead", partition)
        for record in reader.read("dead", partition, first, end):
            yield letter_of(record)


def letter_at(reader: LogReader, partitions: int, place: str) -> DeadLetter | None:
    """The letter at PARTITION:OFFSET; None when there is none. ValueError: no such form."""
    left, colon, right = place.partition(":")
    if not colon:
        raise ValueError(place)
    partition, offset = int(left), int(right)
    if not 0 <= partition < partitions:
        return None
    first, end = reader.bounds("dead", partition)
    if not first <= offset < end:
        return None
    for record in reader.read("dead", partition, offset, offset + 1):
        return letter_of(record)
    return None


def once_each(letters: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
    """A letter that a crash wrote twice, once."""
    seen: set[tuple[str, str, str]] = set()
    for letter in letters:
        if letter.origin not in seen:
            seen.add(letter.origin)
            yield letter
