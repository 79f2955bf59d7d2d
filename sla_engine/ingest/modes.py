"""CloudEvents' three ways over HTTP - structured, binary, batched - to events as JSON bytes.

Source: CloudEvents 1.0, HTTP Protocol Binding, sections 3.1 to 3.3, and JSON Format, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec
import orjson

from sla_engine.ingest.problem import Refusal
from sla_engine.limits import (
    EVENT_BYTES_MAX,
    EVENT_DEPTH_MAX,
    GATEWAY_BATCH_BYTES_MAX,
    GATEWAY_BATCH_EVENTS_MAX,
)

STRUCTURED_TYPE: Final = "application/cloudevents+json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,64}")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NO_ATTRIBUTES = frozenset({"data", "datacontenttype"})

Header = tuple[str, str]


class Mode(Enum):
    """How a request carries events; the value bounds its body in bytes."""

    STRUCTURED = (STRUCTURED_TYPE, EVENT_BYTES_MAX)
    BINARY = ("", EVENT_BYTES_MAX)
    BATCH = (BATCH_TYPE, GATEWAY_BATCH_BYTES_MAX)

    @property
    def bytes_max(self) -> int:
        return self.value[1]


def mode_of(content_type: str, headers: Iterable[Header]) -> Mode:
    """The mode of a request, by its head alone; Refusal 415 if it is none."""
    media = content_type.partition(";")[0].strip().lower()
    if media == STRUCTURED_TYPE:
        return Mode.STRUCTURED
    if media == BATCH_TYPE:
        return Mode.BATCH
    binary = any(name.startswith("ce-") for name, _ in headers)
    if binary and (media == "" or media == "application/json" or media.endswith("+json")):
        return Mode.BINARY
    raise Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "NOT_CLOUDEVENT",
        f"content-type: is none that is read; send {STRUCTURED_TYPE}, {BATCH_TYPE}, or "
        "application/json with the event's attributes in ce- headers",
        close=True,
    )


def events_of(mode: Mode, headers: Iterable[Header], body: bytes) -> list[bytes]:
    """The events of a request, each as one JSON text; Refusal if they cannot be told apart."""
    if mode is Mode.BATCH:
        return _batch(body)
    return [_binary(headers, body) if mode is Mode.BINARY else body]


def _batch(body: bytes) -> list[bytes]:
    try:
        elements = [bytes(element) for element in _ELEMENTS.decode(body)]
    except RecursionError:
        raise _bad("TOO_DEEP", f"nested deeper than {EVENT_DEPTH_MAX}; flatten it") from None
    except msgspec.ValidationError:
        raise _bad("NOT_CLOUDEVENT", "is no list; send a JSON array of events") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad("NOT_JSON", f"{error}; send a JSON array of events") from None
    if len(elements) > GATEWAY_BATCH_EVENTS_MAX:
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "TOO_LARGE",
            f"{len(elements)} events; send at most {GATEWAY_BATCH_EVENTS_MAX} in a batch",
        )
    return elements


def _binary(headers: Iterable[Header], body: bytes) -> bytes:
    attributes: dict[str, str] = {}
    for header, value in headers:
        if not header.startswith("ce-"):
            continue
        name = header[3:]
        if not _ATTRIBUTE.fullmatch(name) or name in _NO_ATTRIBUTES:
            raise _bad("NOT_CLOUDEVENT", f"{header[:80]}: names no attribute; leave it out")
        if name in attributes:
            raise _bad("NOT_CLOUDEVENT", f"{header}: came twice; send it once")
        attributes[name] = _attribute(header, value)
    # Read here, because what is no JSON by itself could add members to the event around it.
    data = body.strip() or b"{}"
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _bad("NOT_JSON", f"data: {error}; send the body as one JSON object") from None
    return orjson.dumps(attributes)[:-1] + b',"data":' + data + b"}"


def _attribute(header: str, value: str) -> str:
    """A header's value, undone as section 3.1.3.2 says: quotes, then percent-encoding."""
    raw = value.strip().encode("latin-1")
    if len(raw) >= 2 and raw.startswith(b'"') and raw.endswith(b'"'):
        raw = _ESCAPED.sub(rb"\1", raw[1:-1])
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise _bad("NOT_CLOUDEVENT", f"{header}: is not UTF-8; percent-encode UTF-8") from None


def _bad(code: str, message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, code, message)
