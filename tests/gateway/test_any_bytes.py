"""Any bytes and headers are events that the workers' decoder takes, or a refusal with a name."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from sla_engine.event.layout import DeadCode
from sla_engine.event.normalise import Normalised, normalise
from sla_engine.ingest.checking import Checker
from sla_engine.ingest.modes import BATCH_TYPE, STRUCTURED_TYPE, events_of, mode_of
from sla_engine.ingest.payload import payload_of
from sla_engine.ingest.problem import Refusal
from tests.gateway.serving import event

CODES = {code.name for code in DeadCode}
REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}

RAW = orjson.dumps(event(tenant="acme", sequence="3"))
BYTES = st.binary(max_size=64)
KINDS = st.sampled_from([STRUCTURED_TYPE, BATCH_TYPE, "application/json"])


@cache
def checker() -> Checker:
    """One for all examples."""
    return Checker()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An event or a batch of two with some bytes replaced, left out, repeated or put in."""
    raw = bytearray(draw(st.sampled_from([RAW, b"[" + RAW + b"," + RAW + b"]", b"{}"])))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 8))] = draw(BYTES)
    return bytes(raw)


def attributes() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Headers of binary mode, some of them odd; latin-1, as a server hands them over."""
    names = st.sampled_from([*(f"ce-{name}" for name in event() if name != "data"), "ce-x", "ce-"])
    odd = st.tuples(names, st.text(st.characters(max_codepoint=255), max_size=12))
    usual = st.sampled_from(
        [[(f"ce-{name}", str(value)) for name, value in event().items() if name != "data"], []]
    )
    return st.tuples(usual, st.lists(odd, max_size=3)).map(lambda both: both[0] + both[1])


@given(KINDS, attributes(), mutated() | BYTES)
@example(STRUCTURED_TYPE, [], RAW)
@example(BATCH_TYPE, [], b"[" + b"[" * 5000)
@example(BATCH_TYPE, [], b'[{"a":"\\ud800"}]')
@example("application/json", [("ce-id", "%"), ("ce-source", '"')], b"{}")
def test_any_request_gives_events_or_a_named_refusal(
    kind: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    try:
        mode = mode_of(kind, headers)
        events = events_of(mode, headers, body)
        taken = checker().check(events, None, None, batch=mode.name == "BATCH")
    except Refusal as refusal:
        named(refusal)
        return
    assert len(taken) == len(events)
    for one in taken:
        assert isinstance(normalise(one.value, frozenset(), None), Normalised)
        assert one.key is None or 0 < len(one.key) <= 255


def named(refusal: Refusal) -> None:
    document: Any = orjson.loads(refusal.document())
    assert document["code"] in CODES
    assert refusal.status in REFUSALS or refusal.code == "NOT_CLOUDEVENT"
    assert "; " in document["detail"] or " must be " in document["detail"], "how to mend it"


@given(BYTES | st.text('[]{}:,"1', max_size=40).map(str.encode))
def test_any_body_of_a_hook_is_an_object_or_a_named_refusal(body: bytes) -> None:
    try:
        assert isinstance(payload_of(body), dict)
    except Refusal as refusal:
        named(refusal)
