"""The kernels run as plain Python give the same rows, bit for bit."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from random import Random
from types import FunctionType
from typing import Any

import numpy as np

from sla_engine.event.hashing import hash_text
from sla_engine.event.layout import EVENT, SPAN
from sla_engine.event.packed import pack_batch
from sla_engine.event.scan import PLACE, SCRATCH_BYTES, UNCHECKED
from tests.event.samples import batch_of, damage, decode, some_event, usual_event, write

MODULES = (
    "hashing content times members tokens varints spans scan_values scan_data scan unpack packed"
).split()


def plain_modules() -> dict[str, dict[str, Any]]:
    """The names of every kernel module, with each kernel made anew from its source alone."""
    spaces: dict[str, dict[str, Any]] = {}
    plain: dict[int, Callable[..., Any]] = {}
    for module in MODULES:
        names = dict(vars(importlib.import_module(f"sla_engine.event.{module}")))
        for name, value in list(names.items()):
            if hasattr(value, "py_func"):
                if id(value) not in plain:
                    plain[id(value)] = FunctionType(value.py_func.__code__, names)
                names[name] = plain[id(value)]
        spaces[module] = names
    return spaces


PLAIN = plain_modules()


def records() -> list[bytes]:
    rng = Random(10)
    values = [usual_event(rng) if rng.random() < 0.7 else some_event(rng) for _ in range(150)]
    written = [write(rng, value, escapes=False).encode() for value in values]
    return written + [damage(rng, record) for record in written[:50]]


def scan_with(scan_batch: Callable[..., Any]) -> tuple[Any, ...]:
    batch = batch_of(records())
    size = len(batch.data)
    data = np.concatenate((batch.data, np.frombuffer(b"default" + bytes(10_000), np.uint8)))
    tail = np.array([size + 7, len(data)])
    events, spans = np.zeros(len(batch), EVENT), np.zeros(10_000, SPAN)
    places = np.zeros(len(batch), PLACE)
    places["start"], places["end"] = batch.value_start, batch.value_end
    counts = scan_batch(
        *(data, places, 0, UNCHECKED, size, np.array([hash_text("sla-engine")], np.uint64)),
        *(events, spans, 0, tail, np.zeros(SCRATCH_BYTES, np.uint8)),
    )
    return tuple(int(count) for count in counts), events.tobytes(), spans.tobytes(), data.tobytes()


def test_the_scanner() -> None:
    compiled = importlib.import_module("sla_engine.event.scan").scan_batch
    with np.errstate(over="ignore"):
        plain = scan_with(PLAIN["scan"]["scan_batch"])
    assert plain == scan_with(compiled)
    assert 0 < plain[0][2] < len(records()) / 2


def test_the_packer_and_the_reader() -> None:
    batch = decode(*records())
    packed = pack_batch(batch)
    rows = np.flatnonzero(batch.events["code"] == 0)
    out = np.zeros(len(packed) + 4096, np.uint8)
    at = 0
    with np.errstate(over="ignore"):
        for row in rows:
            at = int(PLAIN["packed"]["pack"](batch.data, batch.events[row], batch.spans, out, at))
        assert out[:at].tobytes() == packed

        def unpacked(unpack_stream: Callable[..., Any]) -> tuple[Any, ...]:
            data = np.frombuffer(packed + b"default", np.uint8)
            events, spans = np.zeros(len(rows), EVENT), np.zeros(10_000, SPAN)
            scratch = np.zeros(SCRATCH_BYTES, np.uint8)
            size = len(packed)
            counts = unpack_stream(data, 0, size, size, events, 0, spans, 0, scratch)
            return tuple(int(count) for count in counts), events.tobytes(), spans.tobytes()

        compiled = importlib.import_module("sla_engine.event.unpack").unpack_stream
        assert unpacked(PLAIN["unpack"]["unpack_stream"]) == unpacked(compiled)
