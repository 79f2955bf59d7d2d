"""Durations: whole units, largest first, 1s to 1000d (policy-language, "Durations")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.limits import DAY_MS, DURATION_MAX_MS, DURATION_MIN_MS
from sla_engine.policy.durations import (
    DurationError,
    format_duration,
    format_length,
    parse_duration,
    parse_length,
    says_days,
)
from sla_engine.policy.model import BusinessDays


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("1h30m", 5_400_000),
        ("20s", 20_000),
        ("1d", 86_400_000),
        ("1s500ms", 1_500),
        ("1500ms", 1_500),
        ("90m", 5_400_000),
        ("1d2h3m4s5ms", 93_784_005),
        ("1000d", DURATION_MAX_MS),
    ],
)
def test_units_add_up(text: str, duration_ms: int) -> None:
    assert parse_duration(text) == duration_ms


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no duration"),
        ("4 hours", "no duration"),
        ("-1h", "no duration"),
        ("1.5h", "no duration"),
        ("1H", "no duration"),
        ("5", "no duration"),
        ("30m1h", "largest first"),
        ("1h1h", "each unit once"),
        ("0s", "between 1s and 1000d"),
        ("999ms", "between 1s and 1000d"),
        ("1001d", "between 1s and 1000d"),
        ("1000d1ms", "between 1s and 1000d"),
        ("2bd", "business days stand alone"),
        ("1bd2h", "business days stand alone"),
    ],
)
def test_anything_else_says_what_a_duration_looks_like(text: str, why: str) -> None:
    with pytest.raises(DurationError, match=why):
        parse_duration(text)


def test_zero_is_a_duration_only_where_it_is_the_default() -> None:
    assert parse_duration("0s", zero=True) == 0


@given(st.integers(1, 1000))
def test_business_days_stand_alone(days: int) -> None:
    assert parse_length(f"{days}bd") == BusinessDays(days)
    assert format_length(BusinessDays(days)) == f"{days}bd"


@pytest.mark.parametrize("text", ["0bd", "1001bd", "1bd1h", "2h1bd", "1.5bd"])
def test_business_days_are_whole_and_bounded(text: str) -> None:
    with pytest.raises(DurationError):
        parse_length(text)


@given(st.integers(DURATION_MIN_MS, DURATION_MAX_MS))
def test_what_is_written_is_read_back(duration_ms: int) -> None:
    assert parse_duration(format_duration(duration_ms)) == duration_ms


@given(st.integers(DURATION_MIN_MS, DURATION_MAX_MS))
def test_the_written_form_has_no_shorter_neighbour(duration_ms: int) -> None:
    assert says_days(format_duration(duration_ms)) == (duration_ms >= DAY_MS)


@given(st.text("0123456789dhmsb. -", max_size=12))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        parsed = parse_length(text)
    except DurationError:
        assert text not in ("1s", "1bd")
    else:
        assert isinstance(parsed, BusinessDays) or DURATION_MIN_MS <= parsed <= DURATION_MAX_MS
