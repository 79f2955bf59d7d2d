"""Reads single values out of nodes; what is wrong becomes a finding and the answer None."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from sla_engine.limits import ID_BYTES_MAX
from sla_engine.policy import nodes
from sla_engine.policy.durations import DurationError, parse_duration
from sla_engine.policy.findings import Findings
from sla_engine.policy.instants import InstantError, parse_instant
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar, kind_of

#: Keys of a span of time.
SPAN_KEYS: Final = ("from", "to")
_DIGITS: Final = re.compile(r"[0-9]+")
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})


class Reader:
    """`what` in every method names the value in messages, like "`hold`"."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def error(self, place: Place, code: str, message: str) -> None:
        """Note a finding."""
        self.findings.add(place, code, message)

    def mapping(self, node: Node, what: str) -> Mapping | None:
        """A map."""
        if isinstance(node, Mapping):
            return node
        self.wrong(node, what, "a map")
        return None

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list."""
        if isinstance(node, nodes.Sequence):
            return node.items
        self.wrong(node, what, "a list")
        return ()

    def one_or_more(self, node: Node) -> tuple[Node, ...]:
        """The items of a list, or the node itself as the only one."""
        return node.items if isinstance(node, nodes.Sequence) else (node,)

    def keys(self, mapping: Mapping, known: Iterable[str], what: str) -> None:
        """Complain about keys that `what` does not have, naming the nearest that it has."""
        allowed = tuple(known)
        for key, _ in mapping:
            if key.text not in allowed:
                hint = suggestion(key.text, allowed)
                self.error(key.place, "UNKNOWN_KEY", f"{what} has no key `{key.text}`{hint}")

    def required(self, mapping: Mapping, key: str, what: str) -> Node | None:
        """The value of a key that must be there."""
        node = mapping.get(key)
        if node is None:
            self.error(mapping.place, "MISSING_KEY", f"{what} needs `{key}`")
        return node

    def scalar(self, node: Node, what: str, kind: str = "a text") -> Scalar | None:
        """A text that is there, with its place."""
        if isinstance(node, Scalar) and not node.is_null:
            return node
        self.wrong(node, what, kind)
        return None

    def text(self, node: Node, what: str) -> str | None:
        """A text."""
        scalar = self.scalar(node, what)
        return None if scalar is None else scalar.text

    def texts(self, node: Node, what: str) -> tuple[Scalar, ...]:
        """One text or a list of texts, with their places."""
        found = (self.scalar(item, what) for item in self.one_or_more(node))
        return tuple(item for item in found if item is not None)

    def name(self, scalar: Scalar, what: str) -> str:
        """The name of a thing: not empty, no control characters, at most 255 bytes."""
        text = scalar.text
        if not text or len(text.encode()) > ID_BYTES_MAX or not text.isprintable():
            self.error(
                scalar.place,
                "BAD_NAME",
                f"{what} must have 1 to {ID_BYTES_MAX} bytes and no control characters",
            )
        return text

    def boolean(self, node: Node, what: str) -> bool | None:
        """`true` or `false`, unquoted."""
        if isinstance(node, Scalar) and node.plain and node.text in _TRUE | _FALSE:
            return node.text in _TRUE
        self.wrong(node, what, "true or false")
        return None

    def integer(self, node: Node, low: int, high: int, what: str) -> int | None:
        """A whole number from `low` to `high`, unquoted."""
        if not (isinstance(node, Scalar) and node.plain and _DIGITS.fullmatch(node.text)):
            self.wrong(node, what, "a whole number")
            return None
        number = int(node.text) if len(node.text) <= len(str(high)) else high + 1
        if low <= number <= high:
            return number
        self.error(node.place, "BAD_VALUE", f"{what} must be from {low} to {high}")
        return None

    def choice(self, node: Node, known: Sequence[str], what: str) -> str | None:
        """One of a few words."""
        scalar = self.scalar(node, what, "one of " + ", ".join(known))
        if scalar is None or scalar.text in known:
            return None if scalar is None else scalar.text
        hint = suggestion(scalar.text, known)
        self.error(scalar.place, "BAD_VALUE", f"{what} cannot be `{scalar.text}`{hint}")
        return None

    def duration(self, node: Node, what: str, *, zero: bool = False) -> int | None:
        """Milliseconds of a duration."""
        scalar = self.scalar(node, what, "a duration")
        if scalar is None:
            return None
        try:
            return parse_duration(scalar.text, zero=zero)
        except DurationError as error:
            self.error(scalar.place, "BAD_DURATION", f"{what}: {error}")
            return None

    def instant(self, node: Node, what: str) -> int | None:
        """Milliseconds since the epoch."""
        scalar = self.scalar(node, what, "an instant")
        if scalar is None:
            return None
        try:
            return parse_instant(scalar.text)
        except InstantError as error:
            self.error(scalar.place, "BAD_TIME", f"{what}: {error}")
            return None

    def span(self, node: Node, what: str) -> tuple[int | None, int | None]:
        """`{from, to}`: two instants, either may be left out."""
        mapping = self.mapping(node, what)
        if mapping is None:
            return None, None
        self.keys(mapping, SPAN_KEYS, what)
        begin, end = mapping.get("from"), mapping.get("to")
        from_ms = None if begin is None else self.instant(begin, "`from`")
        to_ms = None if end is None else self.instant(end, "`to`")
        if from_ms is not None and to_ms is not None and from_ms >= to_ms:
            self.error(mapping.place, "BAD_TIME", f"{what}: `from` must be before `to`")
        return from_ms, to_ms

    def wrong(self, node: Node, what: str, wanted: str) -> None:
        """Complain that a node is of another kind than it must be."""
        self.error(node.place, "WRONG_TYPE", f"{what} must be {wanted}, not {kind_of(node)}")
