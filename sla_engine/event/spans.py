"""Writing SPAN rows, for the scanner of JSON and the reader of packed events alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.hashing import SEED_TEXT, hash_bytes, hash_value
from sla_engine.event.layout import SpanKind

HASH_TRUE = np.uint64(0xB6C298E7BD47A2AB)
HASH_FALSE = np.uint64(0xBB753A6B72693197)
"""SPAN.hash of the literals, which have no bytes of their own: as of their names."""

_SEED = np.uint64(SEED_TEXT)
_ZERO = np.uint64(0)
_TEXT = np.int64(SpanKind.TEXT)


@kernel
def put_span(spans: Any, k: Any, member: Any, kind: Any, hashed: Any) -> Any:
    """Write row `k` of the spans, without bytes, value or name."""
    spans[k]["hash"] = hashed
    spans[k]["name"] = _ZERO
    spans[k]["value"] = 0
    spans[k]["start"] = 0
    spans[k]["length"] = 0
    spans[k]["name_start"] = 0
    spans[k]["name_length"] = 0
    spans[k]["member"] = member
    spans[k]["kind"] = kind
    spans[k]["pad"] = 0
    spans[k]["pad2"] = 0


@kernel
def put_value(spans: Any, k: Any, member: Any, kind: Any, value: Any) -> Any:
    """A span of kind TIME, or NUMBER of a score."""
    put_span(spans, k, member, kind, np.uint64(hash_value(value, _SEED)))
    spans[k]["value"] = value


@kernel
def put_text(data: Any, spans: Any, k: Any, member: Any, start: Any, length: Any) -> Any:
    """A TEXT span; returns its hash."""
    hashed = np.uint64(hash_bytes(data, start, length, _SEED))
    put_span(spans, k, member, _TEXT, hashed)
    spans[k]["start"] = start
    spans[k]["length"] = length
    return hashed
