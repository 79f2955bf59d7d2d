"""Events to decode: plain ones, ones drawn at random, and the ways to write one JSON value."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

from sla_engine.engine.ports import RawBatch
from sla_engine.event.decode import Decoder
from sla_engine.event.layout import FLAG_NORMALISED, DeadCode, DecodedBatch

DECODER = Decoder()
CONTEXT = {"content", "flags", "id", "key1", "key2", "sequence", "source", "time", "type", "author"}


def event(type: str = "incident.updated", data: Any = None, /, **attributes: Any) -> dict[str, Any]:
    """An event that is accepted as it stands; an attribute given as `...` is left out."""
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/desk",
        "type": type,
        "subject": "4711",
        "time": "2026-03-02T10:15:30.123Z",
        "data": {} if data is None else data,
    } | attributes
    return {name: value for name, value in whole.items() if value is not ...}


def raw(value: Any) -> bytes:
    """JSON as most writers write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def batch_of(records: Sequence[bytes | None]) -> RawBatch:
    """Records of one partition, from offset 100 on; None is a record without a value."""
    lengths = np.array([len(record or b"") for record in records], np.int64)
    ends = np.cumsum(lengths).astype(np.int32)
    starts = (ends - lengths).astype(np.int32)
    gone = np.array([record is None for record in records], bool)
    starts[gone] = ends[gone] = -1
    count = len(records)
    return RawBatch(
        partition=0,
        data=np.frombuffer(b"".join(record or b"" for record in records), np.uint8),
        offsets=np.arange(100, 100 + count),
        key_start=np.full(count, -1, np.int32),
        key_end=np.full(count, -1, np.int32),
        value_start=starts,
        value_end=ends,
        append_ms=np.arange(count) + 1_780_000_000_000,
        next_offset=100 + count,
        end_offset=100 + count,
    )


def decode(*values: Any, latest_ms: int | None = None) -> DecodedBatch:
    """The rows of events given as JSON values or as bytes; valid until the next call."""
    records = [value if isinstance(value, bytes) else raw(value) for value in values]
    return DECODER.decode(batch_of(records), latest_ms)


def verdict(value: Any, latest_ms: int | None = None) -> str:
    """The name of the dead-letter code of one event, `ACCEPTED` if it has none."""
    return DeadCode(int(decode(value, latest_ms=latest_ms).events["code"][0])).name


def was_scanned(batch: DecodedBatch, row: int = 0) -> bool:
    """Was the row accepted without the normaliser?"""
    event_row = batch.events[row]
    return not event_row["code"] and not event_row["flags"] & FLAG_NORMALISED


def spans_of(batch: DecodedBatch, row: int = 0) -> list[tuple[Any, ...]]:
    """The spans of a row with their texts, so that rows of different buffers can be compared."""
    first, count = int(batch.events["span"][row]), int(batch.events["spans"][row])
    found = []
    for span in batch.spans[first : first + count]:
        text = batch.data[span["start"] : span["start"] + span["length"]].tobytes()
        name = batch.data[span["name_start"] : span["name_start"] + span["name_length"]].tobytes()
        numbers = (int(span[field]) for field in ("member", "kind", "hash", "name", "value"))
        found.append((*numbers, text, name))
    return found


def row_of(batch: DecodedBatch, row: int = 0) -> dict[str, int]:
    """What a row says of the event itself, without its place or the way it took."""
    found = {name: int(batch.events[name][row]) for name in CONTEXT}
    return found | {"flags": found["flags"] & ~FLAG_NORMALISED}


# ------------------------------------------------------------------------------ drawn at random

LETTERS = "abcxyzABC019 _-./@#~"
ODD = 'äß塵😀\x7f\x85\u2028\x00\x1f\n"\\/'
TEXT_MEMBERS = (
    "title url priority status kind channel customer requester tier contract team assignee vendor "
    "product region time_zone calendar actor actor_role author_id by alert set clock reason hash"
).split()
USUAL_MEMBERS = TEXT_MEMBERS[:19]
TYPES = [
    *(f"incident.{name}" for name in "created updated commented acknowledged snoozed".split()),
    *(f"incident.{name}" for name in "resolved reopened merged absorbed deleted rated".split()),
    *("clock.overridden", "customer.updated", "policy.published", "sla.time"),
]


def some_text(rng: Random, longest: int = 20, odd: bool = True) -> str:
    """Mostly plain ASCII, sometimes with characters that need care."""
    alphabet = LETTERS + ODD if odd and rng.random() < 0.3 else LETTERS
    return "".join(rng.choices(alphabet, k=rng.randint(0, longest)))


def some_id(rng: Random) -> str:
    return some_text(rng, odd=rng.random() < 0.1) + rng.choice("abc019")


def some_number(rng: Random) -> int | float:
    return rng.choice(
        [
            rng.randint(-100, 100),
            rng.randint(0, 10**20),
            round(rng.uniform(-1e6, 1e6), rng.randint(0, 4)),
            rng.uniform(-1, 1) * 10.0 ** rng.randint(-40, 40),
        ]
    )


def some_time(rng: Random) -> str:
    day = rng.randint(1, 28) if rng.random() < 0.97 else rng.randint(0, 32)
    year = rng.randint(2020, 2030) if rng.random() < 0.97 else rng.randint(1985, 2105)
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    fraction = rng.choice(["", ".1", ".123", ".123456789"])
    offset = rng.choice(["Z", "z", "+05:30", "-00:00", "-11:59"])
    return (
        f"{year:04}-{rng.randint(1, 12):02}-{day:02}{rng.choice('TTt ')}{clock}{fraction}{offset}"
    )


def some_scalar(rng: Random) -> Any:
    return rng.choice([some_text(rng), some_number(rng), True, False, None])


def anything(rng: Random, depth: int = 3) -> Any:
    choice = rng.randint(0, 5) if depth else 0
    if choice == 1:
        return [anything(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    if choice == 2:
        return {some_text(rng, 8): anything(rng, depth - 1) for _ in range(rng.randint(0, 3))}
    return some_scalar(rng)


def _range(rng: Random) -> Any:
    return {end: some_time(rng) for end in ("from", "to") if rng.random() < 0.9}


MEMBERS: dict[str, Callable[[Random], Any]] = {
    **dict.fromkeys(TEXT_MEMBERS, some_text),
    **dict.fromkeys(["due", "opened_at", "until", "effective_from"], some_time),
    "author": lambda rng: rng.choice(["customer", "agent", "bot", "system"]),
    "public": lambda rng: rng.random() < 0.5,
    "unpin": lambda rng: True,
    "tags": lambda rng: [some_text(rng) for _ in range(rng.randint(0, 4))],
    "absorbed": lambda rng: [some_id(rng) for _ in range(rng.randint(0, 3))],
    "custom": lambda rng: {some_text(rng): some_scalar(rng) for _ in range(rng.randint(0, 4))},
    "csat": lambda rng: rng.randint(1, 5),
    "nps": lambda rng: rng.randint(0, 10),
    "ces": lambda rng: rng.randint(1, 7),
    "into": some_id,
    "from": some_id,
    "exclude": _range,
    "valid": _range,
}
NEEDED = {
    "incident.commented": ["author"],
    "incident.snoozed": ["until"],
    "incident.merged": ["into"],
    "incident.absorbed": ["from", "opened_at"],
    "incident.rated": ["csat"],
    "clock.overridden": ["clock", "unpin"],
    "policy.published": ["hash", "effective_from"],
}
SUBJECTS = {"policy.published": "policies", "sla.time": "time"}


def some_event(rng: Random) -> dict[str, Any]:
    """An event of any type; most members as they should be, sometimes one that is not."""
    kind = rng.choice(TYPES)
    names = rng.sample(sorted(MEMBERS), rng.randint(0, 6)) + NEEDED.get(kind, [])
    data = {name: MEMBERS[name](rng) for name in names if rng.random() < 0.97}
    subject = SUBJECTS.get(kind) or some_id(rng)
    for name, value in (("into", subject), ("from", subject), ("actor", "sla-engine")):
        if name in data and rng.random() < 0.2:
            data[name] = value
    whole = event(
        kind,
        data,
        id=some_id(rng),
        source=some_id(rng),
        subject=subject,
        time=some_time(rng),
    )
    if rng.random() < 0.3:
        whole["tenant"] = some_id(rng)
    if rng.random() < 0.3:
        whole["sequence"] = str(rng.randint(0, 10 ** rng.randint(1, 20)))
    if rng.random() < 0.1:
        whole[some_text(rng)] = anything(rng)
    for place in (data, whole):
        if place and rng.random() < 0.15:
            place[rng.choice(sorted(place))] = anything(rng)
    return whole


def usual_event(rng: Random) -> dict[str, Any]:
    """An event as a ticketing system sends them all day."""
    kind = rng.choice(["created", "updated", "commented", "resolved", "rated"])
    values: list[Callable[[], Any]] = [
        lambda: some_text(rng, odd=False),
        lambda: None,
        lambda: rng.randint(0, 99),
    ]
    names = rng.sample(USUAL_MEMBERS, rng.randint(0, 6))
    data: dict[str, Any] = {name: rng.choice(values)() for name in names}
    data["title"] = some_text(rng, 40).replace("\x1f", "")
    if rng.random() < 0.5:
        data["tags"] = [
            rng.choice(["vip", "", "äß", '"', 7, 2.5]) for _ in range(rng.randint(0, 5))
        ]
    if rng.random() < 0.5:
        customs = [some_text(rng, odd=False) + "x" for _ in range(rng.randint(0, 5))]
        data["custom"] = {name: rng.choice([rng.choice(values)(), 12.50]) for name in customs}
    if kind == "commented":
        data |= {"author": "agent", "author_id": "kim", "public": rng.random() < 0.5}
    if kind == "rated":
        data["csat"] = rng.randint(1, 5)
    identity = some_text(rng, odd=False) + "x"
    when = f"2026-03-02T10:15:{rng.randint(10, 59)}.5+02:00"
    return event(f"incident.{kind}", data, id=identity, time=when, sequence=str(rng.randint(0, 9)))


# ---------------------------------------------------------------- one value written in many ways


def _character(rng: Random, character: str) -> str:
    code = ord(character)
    if code >= 32 and character not in '"\\' and rng.random() < 0.8:
        return character
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04X}"
    return f"\\u{code:04x}"


def _number(rng: Random, number: int | float) -> str:
    plain = json.dumps(number)
    if "e" in plain:
        return plain
    return rng.choice([plain, plain + "0" if "." in plain else plain + ".00", f"{plain}e0"])


def write(rng: Random, value: Any, escapes: bool = True) -> str:
    """One way to write a JSON value: order of members, blanks, and with `escapes` also escapes
    that no writer needs and other forms of the same numbers."""
    blank = rng.choice(["", "", " ", "\n ", "\t", "\r\n"])
    if isinstance(value, dict):
        names = rng.sample(list(value), len(value))
        members = [f"{write(rng, n, escapes)}:{write(rng, value[n], escapes)}" for n in names]
        text = "{" + ",".join(members or [blank]) + "}"
    elif isinstance(value, list):
        text = "[" + ",".join(write(rng, item, escapes) for item in value) + "]"
    elif isinstance(value, str) and escapes:
        text = '"' + "".join(_character(rng, character) for character in value) + '"'
    elif isinstance(value, int | float) and not isinstance(value, bool) and escapes:
        text = _number(rng, value)
    else:
        text = json.dumps(value, ensure_ascii=rng.random() < 0.3)
    return blank + text + rng.choice(["", "", blank])


TOKENS = [b'"', b"\\", b"{", b"}", b",", b":", b"null", b"true", b"-", b"0", b"e9", b"\xff", b" "]


def damage(rng: Random, record: bytes) -> bytes:
    """The record with a few bytes gone, doubled, moved or changed."""
    out = bytearray(record)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(out))
        end = min(len(out), at + rng.randint(0, 12))
        choice = rng.randint(0, 4)
        if choice == 0:
            out[at:end] = b""
        elif choice == 1:
            out[at:at] = rng.randbytes(rng.randint(1, 3))
        elif choice == 2:
            other = rng.randint(0, len(out))
            out[other:other] = out[at:end]
        elif choice == 3:
            out[at : at + 1] = rng.choice(TOKENS)
        elif at < len(out):
            out[at] ^= 1 << rng.randint(0, 7)
    return bytes(out)
