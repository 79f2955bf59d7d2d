"""Values of attributes as conditions take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.layout import Member, SpanKind
from sla_engine.event.times import BAD_TIME, parse_time_text
from sla_engine.policy.model import Value


def value_in(span: Any, data: NDArray[np.uint8]) -> Value:
    """The value of a span as conditions take it."""
    kind = int(span["kind"])
    text = bytes(data[span["start"] : span["start"] + span["length"]]).decode()
    match kind:
        case SpanKind.NULL:
            return None
        case SpanKind.NUMBER:
            return float(text) if any(mark in text for mark in ".eE") else int(text)
        case SpanKind.TRUE:
            return True
        case SpanKind.FALSE:
            return False
        case SpanKind.TIME:
            return int(span["value"])
        case SpanKind.LIST:
            return tuple(text.split("\x1f")) if text else ()
        case _:
            if int(span["member"]) in (Member.TAGS,):
                return tuple(text.split("\x1f")) if text else ()
            return text


def as_type(kind: str, value: Value) -> Value:
    """`value` as text, number, boolean or time; None when it is none."""
    match kind:
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "time":
            instant = parse_time_text(value) if isinstance(value, str) else BAD_TIME
            return instant if instant != BAD_TIME else None
        case _:
            return value if isinstance(value, str) else str(value)
