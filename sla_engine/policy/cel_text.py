"""Which piece of a condition's source a syntax node stands for: for messages and explanations."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?://[^\n]*|\s+)
  | (?P<token>
      (?:[bB]?[rR]|[rR][bB])(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"[^"\n]*"|'[^'\n]*')
    | [bB]?(?:\"{3}(?:\\[\s\S]|[^\\])*?\"{3}|'{3}(?:\\[\s\S]|[^\\])*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    | \d+(?:\.\d+)?(?:[eE][+-]?\d+)?\w*
    | \w+
    | &&|\|\||==|!=|<=|>=
    | [\s\S]
    )
    """,
    re.VERBOSE,
)
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSE: Final = frozenset(_OPEN.values())
#: A piece never ends with one of these: what follows belongs to it.
_UNFINISHED: Final = frozenset({"-", "!", "."})
_WORD: Final = re.compile(r"\w+").fullmatch


@dataclass(frozen=True)
class Source:
    """The tokens of a condition with their offsets in code points."""

    text: str
    tokens: tuple[tuple[int, int, str], ...]

    @classmethod
    def of(cls, text: str) -> Source:
        """Cut a text into tokens; comments and blanks are left out."""
        found = (match for match in _TOKEN.finditer(text) if match["token"] is not None)
        return cls(text, tuple((m.start(), m.end(), m["token"]) for m in found))

    def piece(self, low: int, high: int) -> str:
        """The shortest balanced piece that holds both offsets."""
        first, last = self._index(low), self._index(high)
        while True:
            wider = self._widen(first, last)
            if wider == (first, last):
                return self.text[self.tokens[first][0] : self.tokens[last][1]]
            first, last = wider

    def _index(self, offset: int) -> int:
        return max(0, bisect_right(self.tokens, offset, key=lambda token: token[0]) - 1)

    def _widen(self, first: int, last: int) -> tuple[int, int]:
        words = [word for _, _, word in self.tokens]
        if words[last] in _UNFINISHED and last + 1 < len(words):
            return first, last + 1
        if first and words[first] == ".":
            return first - 1, last
        if first and words[first] == "(" and words[first - 1] != "in" and _WORD(words[first - 1]):
            return first - 1, last
        depth = lowest = 0
        for word in words[first : last + 1]:
            depth += (word in _OPEN) - (word in _CLOSE)
            lowest = min(lowest, depth)
        if lowest < 0 and first:
            return first - 1, last
        if depth > lowest and last + 1 < len(words):
            return first, last + 1
        return first, last
