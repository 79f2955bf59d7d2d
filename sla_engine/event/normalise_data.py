"""The normaliser's half for `data`: every form of member, checked, packed and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sla_engine.event.content import Tag, entry
from sla_engine.event.draft import Draft, is_number, kind_of
from sla_engine.event.layout import DeadCode, EventType, Member, SpanKind
from sla_engine.event.members import (
    ALLOWED,
    AUTHOR,
    AUTHORS,
    DATA,
    EXCLUDE,
    FIRST_ATTRIBUTE,
    LAST_ATTRIBUTE,
    NAMES,
    REQUIRED,
    SCORE_BOUNDS,
    VALID,
    Form,
)
from sla_engine.event.numbers import number_text
from sla_engine.limits import CUSTOM_MEMBERS_MAX, TAGS_MAX, TEXT_BYTES_MAX, TITLE_CHARS_MAX

SEPARATOR = "\x1f"
"""Between the items of a LIST span; it cannot be part of one."""


def read_data(draft: Draft, data: Mapping[str, Any]) -> None:
    """Read every member of `data` into the draft, then check what the type needs."""
    allowed = ALLOWED[draft.type]
    for name, value in data.items():
        code, form = DATA.get(name, (0, Form.TEXT))
        if not code or not allowed >> code & 1:
            draft.unknown += 1
        elif value is None:
            _read_null(draft, code)
        else:
            draft.given.add(code)
            _READERS[form](draft, code, f"data.{name}", value)
    _check_type(draft)


def _read_null(draft: Draft, code: int) -> None:
    draft.count(code, Tag.NULL)
    if code == VALID:
        draft.put_null(Member.VALID_FROM)
        draft.put_null(Member.VALID_TO)
    elif FIRST_ATTRIBUTE <= code <= LAST_ATTRIBUTE and not _is_pin(draft, code):
        draft.put_null(code)


def _is_pin(draft: Draft, code: int) -> bool:
    return draft.type == EventType.OVERRIDDEN and code == Member.DUE


def _read_text(draft: Draft, code: int, where: str, value: object) -> None:
    found = draft.short_text(where, value)
    if found is None:
        return
    tag, text = found
    draft.count(code, tag, text)
    draft.put_text(code, text)
    if code == Member.ACTOR:
        draft.actor = text.decode()


def _read_title(draft: Draft, code: int, where: str, value: object) -> None:
    found = draft.text(where, value)
    if found is None:
        return
    tag, text = found
    draft.count(code, tag, text)
    draft.put_text(code, text.decode()[:TITLE_CHARS_MAX].encode())


def _read_identity(draft: Draft, code: int, where: str, value: object) -> None:
    found = draft.identity(where, value)
    if found is None:
        return
    tag, text = found
    draft.count(code, tag, text)
    draft.put_text(code, text)
    if text.decode() == draft.subject:
        _refuse_self_merge(draft, where)


def _refuse_self_merge(draft: Draft, where: str) -> None:
    draft.refuse(
        DeadCode.MERGED,
        f"{where}: names the event's own incident; an incident cannot be merged into itself",
    )


def _read_time(draft: Draft, code: int, where: str, value: object) -> None:
    instant = draft.instant(where, value)
    if instant is not None:
        draft.count(code, Tag.TEXT, str(value).encode())
        draft.put_time(code, instant)


def _read_score(draft: Draft, code: int, where: str, value: object) -> None:
    least, greatest = SCORE_BOUNDS[code]
    written = number_text(value) if is_number(value) else None
    if written is None or not written.isdecimal() or len(written) > 2:
        score = -1
    else:
        score = int(written)
    if written is None or not least <= score <= greatest:
        draft.refuse(
            DeadCode.BAD_VALUE,
            f"{where}: must be a whole number from {least} to {greatest}, sent as a number",
        )
        return
    draft.count(code, Tag.NUMBER, written.encode())
    draft.put_value(code, score)


def _read_author(draft: Draft, code: int, where: str, value: object) -> None:
    author = AUTHORS.get(value) if type(value) is str else None
    if author is None:
        draft.refuse(DeadCode.BAD_VALUE, f"{where}: must be one of {', '.join(AUTHORS)}, as text")
        return
    draft.count(code, Tag.TEXT, str(value).encode())
    draft.author = author


def _read_flag(draft: Draft, code: int, where: str, value: object) -> None:
    if not isinstance(value, bool):
        draft.refuse(DeadCode.BAD_VALUE, f"{where}: is {kind_of(value)}; send true or false")
        return
    draft.count(code, Tag.TRUE if value else Tag.FALSE)
    draft.private = not value


def _read_true(draft: Draft, code: int, where: str, value: object) -> None:
    if value is not True:
        draft.refuse(
            DeadCode.BAD_VALUE, f"{where}: is {kind_of(value)}; send true, or leave it out"
        )
        return
    draft.count(code, Tag.TRUE)
    draft.put_other(code, SpanKind.TRUE)


def _items(draft: Draft, code: int, where: str, value: object, read: Any) -> list[str] | None:
    """The texts of a list; its content is the items as they came, in order."""
    if not isinstance(value, list):
        draft.refuse(DeadCode.BAD_VALUE, f"{where}: is {kind_of(value)}; send a list of texts")
        return None
    found = [read(f"{where}[{i}]", item) for i, item in enumerate(value)]
    if any(item is None for item in found):
        return None
    draft.count(code, Tag.LIST, b"".join(entry(0, tag, text) for tag, text in found))
    return [text.decode() for _, text in found]


def _read_tags(draft: Draft, code: int, where: str, value: object) -> None:
    if isinstance(value, list) and len(value) > TAGS_MAX:
        draft.refuse(DeadCode.TOO_LONG, f"{where}: {len(value)} tags; send at most {TAGS_MAX}")
        return
    tags = _items(draft, code, where, value, draft.short_text)
    if tags is None:
        return
    for i, tag in enumerate(tags):
        if SEPARATOR in tag:
            draft.refuse(
                DeadCode.BAD_VALUE, f"{where}[{i}]: holds U+001F, which separates; leave it out"
            )
            return
    draft.put_other(code, SpanKind.LIST, SEPARATOR.join(tag for tag in tags if tag).encode())


def _read_identities(draft: Draft, code: int, where: str, value: object) -> None:
    incidents = _items(draft, code, where, value, draft.identity)
    if incidents is None:
        return
    draft.put_other(code, SpanKind.LIST, SEPARATOR.join(incidents).encode())
    if draft.subject in incidents:
        _refuse_self_merge(draft, where)


def _read_map(draft: Draft, code: int, where: str, value: object) -> None:
    if not isinstance(value, dict):
        draft.refuse(DeadCode.BAD_VALUE, f"{where}: is {kind_of(value)}; send a flat object")
        return
    draft.count(code, Tag.OBJECT)
    if len(value) > CUSTOM_MEMBERS_MAX:
        draft.refuse(
            DeadCode.TOO_LONG,
            f"{where}: {len(value)} members; send at most {CUSTOM_MEMBERS_MAX}",
        )
        return
    for name, item in value.items():
        if not name:
            draft.unknown += 1
        elif len(name.encode()) > TEXT_BYTES_MAX:
            draft.refuse(
                DeadCode.TOO_LONG,
                f"{where}: a member's name is over {TEXT_BYTES_MAX} bytes; shorten it",
            )
        else:
            _read_custom(draft, f"{where}.{name}", name.encode(), item)


def _read_custom(draft: Draft, where: str, name: bytes, value: object) -> None:
    code = int(Member.CUSTOM)
    if value is None:
        draft.count(code, Tag.NULL, name=name)
        draft.put_other(code, SpanKind.NULL, name=name)
    elif isinstance(value, bool):
        draft.count(code, Tag.TRUE if value else Tag.FALSE, name=name)
        draft.put_other(code, SpanKind.TRUE if value else SpanKind.FALSE, name=name)
    elif isinstance(value, dict | list):
        draft.refuse(
            DeadCode.BAD_VALUE,
            f"{where}: is {kind_of(value)}; send a text, a number, true, false or null",
        )
    else:
        found = draft.short_text(where, value)
        if found is not None:
            tag, text = found
            draft.count(code, tag, text, name)
            kind = SpanKind.NUMBER if tag == Tag.NUMBER else SpanKind.TEXT
            draft.put_other(code, kind, text, name)


def _read_range(draft: Draft, code: int, where: str, value: object) -> None:
    """`exclude` needs both ends; `valid` is replaced as a whole, an end left out is open."""
    if not isinstance(value, dict):
        draft.refuse(
            DeadCode.BAD_VALUE, f"{where}: is {kind_of(value)}; send an object with from and to"
        )
        return
    draft.count(code, Tag.OBJECT)
    draft.unknown += len(value.keys() - {"from", "to"})
    ends: list[int | None] = []
    for member, name in ((code, "from"), (code + 1, "to")):
        end = value.get(name)
        if end is None and code == EXCLUDE:
            draft.refuse(DeadCode.BAD_VALUE, f"{where}.{name}: is missing; send both ends")
            return
        if end is None:
            if name in value:
                draft.count(member, Tag.NULL)
            draft.put_null(member)
            ends.append(None)
            continue
        instant = draft.instant(f"{where}.{name}", end)
        if instant is None:
            return
        draft.count(member, Tag.TEXT, str(end).encode())
        draft.put_time(member, instant)
        ends.append(instant)
    first, last = ends
    if first is not None and last is not None and first >= last:
        draft.refuse(DeadCode.BAD_VALUE, f"{where}: ends before it begins; send from < to")


_READERS: Mapping[Form, Callable[[Draft, int, str, object], None]] = {
    Form.TEXT: _read_text,
    Form.TITLE: _read_title,
    Form.IDENTITY: _read_identity,
    Form.TIME: _read_time,
    Form.SCORE: _read_score,
    Form.AUTHOR: _read_author,
    Form.FLAG: _read_flag,
    Form.TRUE: _read_true,
    Form.LIST: _read_tags,
    Form.IDENTITIES: _read_identities,
    Form.MAP: _read_map,
    Form.RANGE: _read_range,
}


def _check_type(draft: Draft) -> None:
    """What a type cannot do without, or only one of (contracts section 1, table of types)."""
    for code in REQUIRED.get(draft.type, ()):
        if code not in draft.given:
            draft.refuse(DeadCode.BAD_VALUE, f"data.{NAMES[code]}: is missing; send it")
    if draft.type == EventType.COMMENTED and AUTHOR not in draft.given:
        draft.refuse(
            DeadCode.NO_AUTHOR,
            f"data.author: is missing; say who wrote the comment: {', '.join(AUTHORS)}",
        )
    if draft.type == EventType.RATED and not draft.given & SCORE_BOUNDS.keys():
        draft.refuse(DeadCode.BAD_VALUE, "data: no rating; send csat, nps or ces")
    if draft.type == EventType.ACKNOWLEDGED and Member.SET in draft.given:
        if Member.CLOCK not in draft.given:
            draft.refuse(DeadCode.BAD_VALUE, "data.clock: is missing; `set` alone names no clock")
    if draft.type == EventType.OVERRIDDEN:
        chosen = draft.given & {int(Member.DUE), int(Member.UNPIN), EXCLUDE}
        if len(chosen) != 1:
            draft.refuse(
                DeadCode.BAD_VALUE,
                f"data: {len(chosen)} of due, unpin and exclude; send exactly one of them",
            )
