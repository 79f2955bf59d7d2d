"""Instants: RFC 3339 with an offset, to milliseconds (contracts, first paragraph)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.limits import TIME_MAX_MS, TIME_MIN_MS
from sla_engine.policy.instants import InstantError, format_instant, parse_instant


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-23T10:00:00.123Z", "2026-11-23T10:00:00.123Z"),
        ("2026-11-23T10:00:00.1239Z", "2026-11-23T10:00:00.123Z"),
        ("2026-11-23T10:00Z", "2026-11-23T10:00:00.000Z"),
        ("2026-11-23 10:00:00+01:30", "2026-11-23T08:30:00.000Z"),
        ("2026-11-23t10:00:00.5-05:00", "2026-11-23T15:00:00.500Z"),
    ],
)
def test_finer_is_cut_and_coarser_is_taken_at_its_start(text: str, same: str) -> None:
    assert format_instant(parse_instant(text)) == same


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-23T10:00:00", "offset"),
        ("2026-11-23", "offset"),
        ("2026-13-01T00:00:00Z", "month"),
        ("2026-02-30T00:00:00Z", "day"),
        ("1989-12-31T23:59:59Z", "1990"),
        ("2100-01-01T00:00:00Z", "1990"),
        ("now", "offset"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InstantError, match=why):
        parse_instant(text)


@given(st.integers(TIME_MIN_MS, TIME_MAX_MS - 1))
def test_what_is_written_is_read_back(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant
