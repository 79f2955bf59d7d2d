"""What commands print: aligned columns for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click
import orjson

from sla_engine.limits import HOUR_MS, MINUTE_MS, SECOND_MS


def put_json(value: object) -> None:
    """One JSON value on a line of stdout."""
    click.echo(orjson.dumps(value))


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Lines of aligned columns; numbers stand to the right. The heads are bold in a terminal."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [
        max(len(head), *(len(row[n]) for row in texts)) if texts else len(head)
        for n, head in enumerate(heads)
    ]
    right = [
        bool(rows) and all(isinstance(row[n], int) or row[n] is None for row in rows)
        for n in range(len(heads))
    ]
    yield click.style(_line(heads, widths, right), bold=True)
    for row in texts:
        yield _line(row, widths, right)


def _line(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = [
        text.rjust(width) if to_right else text.ljust(width)
        for text, width, to_right in zip(texts, widths, right, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def counted(number: int, noun: str) -> str:
    """`1 event`, `1,200 events`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def span(length_ms: int) -> str:
    """A length for people: `45h 3m 4.500s`; `0s` for none. No days: open time has its own."""
    rest, sign = abs(length_ms), "-" if length_ms < 0 else ""
    parts = []
    for unit, size in (("h", HOUR_MS), ("m", MINUTE_MS)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    if rest or not parts:
        seconds, ms = divmod(rest, SECOND_MS)
        parts.append(f"{seconds}.{ms:03d}s" if ms else f"{seconds}s")
    return sign + " ".join(parts)
