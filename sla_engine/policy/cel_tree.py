"""The syntax tree of a CEL expression, read from the bytes the compiler hands out.

The compiler's API shows no tree, but serializes it (cel.expr.ParsedExpr and CheckedExpr of the
CEL specification, protobuf wire format inside a google.protobuf.Any). This reads the few fields
that are needed and can put a part of a checked expression back, to be evaluated on its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

#: Fields of CheckedExpr: types by expression id, and the expression itself.
_TYPE_MAP: Final = 3
_CHECKED_EXPR: Final = 4
#: Fields of ParsedExpr.
_PARSED_EXPR: Final = 2
_PARSED_SOURCE: Final = 3
_CHECKED_SOURCE: Final = 5
_POSITIONS: Final = 4
#: The bytes of `Type { primitive: BOOL }`.
_BOOL_TYPE: Final = b"\x18\x01"

Constant = str | int | float | bool | bytes | None


class Kind(IntEnum):
    """What an expression is; the numbers are the field numbers of cel.expr.Expr."""

    CONSTANT = 3
    NAME = 4
    SELECT = 5
    CALL = 6
    LIST = 7
    STRUCT = 8
    LOOP = 9


@dataclass(frozen=True)
class Expr:
    """One node. `name` is the identifier, the selected field, the function or the loop variable.

    A LOOP's children are range, start, condition, step and result; `accumulator` and `name` are
    its own variables. `presence` marks `has(...)`. `raw` are the node's bytes.
    """

    id: int
    kind: Kind
    raw: bytes
    name: str = ""
    accumulator: str = ""
    children: tuple[Expr, ...] = ()
    value: Constant = None
    presence: bool = False

    def walk(self) -> Iterator[Expr]:
        """This node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Tree:
    """A parsed or checked expression: its root, positions in code points, boolean nodes' ids."""

    root: Expr
    positions: dict[int, int]
    booleans: frozenset[int]
    _envelope: bytes = b""
    _context: bytes = b""

    def part(self, expr: Expr) -> bytes:
        """A part of a checked expression as an expression of its own, to be deserialized."""
        body = self._context + _chunk(_CHECKED_EXPR, expr.raw)
        return self._envelope + _chunk(2, body)


def read_parsed(data: bytes) -> Tree:
    """The tree of an expression that was compiled without the type check."""
    _, body = _envelope(data)
    fields = list(_fields(body))
    root = _expr(_last(fields, _PARSED_EXPR))
    return Tree(root, _positions(_last(fields, _PARSED_SOURCE)), frozenset())


def read_checked(data: bytes) -> Tree:
    """The tree of a type-checked expression."""
    envelope, body = _envelope(data)
    fields = list(_fields(body))
    booleans = set()
    for number, value in fields:
        if number == _TYPE_MAP and isinstance(value, bytes):
            entry = dict(_fields(value))
            if entry.get(2) == _BOOL_TYPE:
                booleans.add(_int(entry.get(1, 0)))
    context = b"".join(
        _chunk(number, value)
        for number, value in fields
        if number != _CHECKED_EXPR and isinstance(value, bytes)
    )
    root = _expr(_last(fields, _CHECKED_EXPR))
    positions = _positions(_last(fields, _CHECKED_SOURCE))
    return Tree(root, positions, frozenset(booleans), envelope, context)


def _envelope(data: bytes) -> tuple[bytes, bytes]:
    fields = dict(_fields(data))
    return _chunk(1, _bytes(fields[1])), _bytes(fields[2])


def _positions(source: bytes) -> dict[int, int]:
    positions = {}
    for number, value in _fields(source):
        if number == _POSITIONS:
            entry = dict(_fields(_bytes(value)))
            positions[_int(entry.get(1, 0))] = _int(entry.get(2, 0))
    return positions


def _expr(raw: bytes) -> Expr:
    number = 0
    kind = Kind.CONSTANT
    body = b""
    for field, value in _fields(raw):
        if field == 2:
            number = _int(value)
        else:
            kind, body = Kind(field), _bytes(value)
    fields = list(_fields(body))
    match kind:
        case Kind.CONSTANT:
            return Expr(number, kind, raw, value=_constant(fields))
        case Kind.NAME:
            return Expr(number, kind, raw, name=_text(fields, 1))
        case Kind.SELECT:
            child = _expr(_last(fields, 1))
            present = any(field == 3 and value for field, value in fields)
            return Expr(number, kind, raw, _text(fields, 2), children=(child,), presence=present)
        case Kind.CALL:
            children = tuple(_expr(_bytes(value)) for field, value in fields if field in (1, 3))
            return Expr(number, kind, raw, _text(fields, 2), children=children)
        case Kind.LIST:
            children = tuple(_expr(_bytes(value)) for field, value in fields if field == 1)
            return Expr(number, kind, raw, children=children)
        case Kind.STRUCT:
            return Expr(number, kind, raw, children=tuple(_entries(fields)))
        case Kind.LOOP:
            children = tuple(_expr(_last(fields, field)) for field in (2, 4, 5, 6, 7))
            return Expr(number, kind, raw, _text(fields, 1), _text(fields, 3), children)


def _entries(fields: list[tuple[int, int | bytes]]) -> Iterator[Expr]:
    """Keys and values of a map literal."""
    for field, value in fields:
        if field == 2:
            for inner, part in _fields(_bytes(value)):
                if inner in (3, 4):
                    yield _expr(_bytes(part))


def _constant(fields: list[tuple[int, int | bytes]]) -> Constant:
    for field, value in fields:
        match field:
            case 2:
                return bool(value)
            case 3:
                number = _int(value)
                return number - (1 << 64) if number >> 63 else number
            case 4:
                return _int(value)
            case 5:
                return float(struct.unpack("<d", _bytes(value))[0])
            case 6:
                return _bytes(value).decode("utf-8")
            case 7:
                return _bytes(value)
    return None


def _text(fields: list[tuple[int, int | bytes]], number: int) -> str:
    return next((_bytes(value).decode("utf-8") for field, value in fields if field == number), "")


def _last(fields: list[tuple[int, int | bytes]], number: int) -> bytes:
    return next((_bytes(value) for field, value in reversed(fields) if field == number), b"")


def _bytes(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def _int(value: int | bytes) -> int:
    return value if isinstance(value, int) else 0


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of one protobuf message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        else:
            if wire == _BYTES:
                size, at = _varint(data, at)
            else:
                size = {_FIXED64: 8, _FIXED32: 4}[wire]
            yield number, data[at : at + size]
            at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def _chunk(number: int, value: bytes) -> bytes:
    """One length-delimited field."""
    out = bytearray()
    for part in (number << 3 | _BYTES, len(value)):
        rest = part
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out) + value
