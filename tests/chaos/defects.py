"""Three deliberate defects. A check that stays green with one of them proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sla_engine.engine.failpoints import reach
from sla_engine.engine.owned import Owned, Waiting
from sla_engine.store import library, link

NAMES = ("offset_before_append", "token_not_checked", "outbox_trimmed_early")


def put_in(name: str) -> None:
    """Make this process's engine wrong in the named way; "" leaves it right."""
    if name == "offset_before_append":
        Owned.begin = _offset_first  # type: ignore[method-assign]
    elif name == "token_not_checked":
        wrong = _any_owner(library.library())
        library.library = link.library = lambda: wrong  # type: ignore[assignment, attr-defined]
    elif name == "outbox_trimmed_early":
        Owned.land = _trim_first(Owned.land)  # type: ignore[method-assign]
    else:
        assert not name, f"an unknown defect: {name}"


def _offset_first(owned: Owned, next_offset: int) -> bool:
    """Two calls instead of one: the offset moves, then the rest is written."""
    before = owned.next_offset
    step = owned.prepare(next_offset)
    if step is None:
        return False
    if next_offset != before:
        nothing = replace(step, journal=_empty_entry(owned), outbox=())
        _expect(owned.store.commit([nothing])[0])
        owned.sequence += 1
        step = replace(step, sequence=owned.sequence, from_offset=next_offset)
        reach("before_commit")
    owned.store.begin([step])
    owned.in_flight = step
    return True


def _empty_entry(owned: Owned) -> bytes:
    from sla_engine.engine.images import journal_entry

    return journal_entry(owned.clock.value_ms, owned.partition.book.policies.version, b"", b"")


def _expect(refusal: Exception | None) -> None:
    if refusal is not None:
        raise refusal


def _any_owner(right: library.Library) -> library.Library:
    """The functions inside Redis, under a name of their own, without the question whose it is."""
    check = "if header_token == token then"
    assert right.source.count(check) == 1
    name = f"{right.name}_any_owner"
    source = right.source.replace(check, "if true then").replace(right.name, name)
    return library.Library(name, source)


def _trim_first(land: Any) -> Any:
    def wrong(owned: Owned) -> list[Waiting]:
        leaving: list[Waiting] = land(owned)
        if leaving:
            owned.store.trim_outbox(owned.number, owned.token, leaving[-1].id, -1)
            owned.waiting.clear()
        return leaving

    return wrong
