"""What a YAML file says, as plain nodes that know their file and line.

Every scalar is kept as the text that was written: `16:00`, `NO` and `3` stay text, and whoever
reads a key decides what it must be (policy-language, first paragraph).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written; `line` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @classmethod
    def of(cls, where: str) -> Place:
        """The place that a `where` of the model says."""
        file, _, line = where.rpartition(":")
        return cls(file, int(line))


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `plain`: written without quotes, so `true` may be a boolean and `3` a number.

    `block_line` is the line of the first line of content of a `|` block, else the place's line.
    """

    text: str
    place: Place
    plain: bool = True
    block_line: int = 0

    @property
    def content(self) -> Place:
        """Where the text itself begins: for messages about a line inside it."""
        return Place(self.place.file, self.block_line or self.place.line)

    @property
    def is_null(self) -> bool:
        """Whether it is YAML's null: nothing, `~` or `null`, unquoted."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """A map in written order. `flow`: written as `{...}`."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place
    flow: bool = False
    _index: dict[str, Node] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key, value in self.entries:
            self._index.setdefault(key.text, value)

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def get(self, name: str) -> Node | None:
        """The value of a key, or None."""
        return self._index.get(name)


Node = Scalar | Sequence | Mapping


def kind_of(node: Node) -> str:
    """What a node is, for messages."""
    if isinstance(node, Mapping):
        return "a map"
    if isinstance(node, Sequence):
        return "a list"
    return "nothing" if node.is_null else f"`{node.text}`"
