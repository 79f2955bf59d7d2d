"""RFC 3339 as contracts read it: any precision, always an offset, real dates only."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.event.times import BAD_TIME, format_time, parse_time_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_ten_thousand_stamps_as_the_standard_library_reads_them() -> None:
    draw = random.Random(20260302)
    for _ in range(10_000):
        moment = datetime(1, 1, 2, tzinfo=UTC) + timedelta(
            days=draw.randrange(3_652_000), microseconds=draw.randrange(86_400_000_000)
        )
        offset = timezone(timedelta(minutes=draw.randrange(-1439, 1440)))
        aware = moment.replace(tzinfo=offset)
        text = aware.isoformat(timespec=draw.choice(["seconds", "milliseconds", "microseconds"]))
        expected = datetime.fromisoformat(text) - EPOCH
        assert parse_time_text(text) == expected // timedelta(milliseconds=1), text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z"),
        ("2026-11-23t10:00:00z", "2026-11-23T10:00:00.000Z"),
        ("2026-11-23 10:00:00+05:30", "2026-11-23T04:30:00.000Z"),
        ("2026-11-23T10:00:00-00:00", "2026-11-23T10:00:00.000Z"),
        ("2026-11-23T10:00:00.1Z", "2026-11-23T10:00:00.100Z"),
        ("2026-11-23T10:00:00.123999999999Z", "2026-11-23T10:00:00.123Z"),
        ("2026-11-23T10:15Z", "2026-11-23T10:15:00.000Z"),
        ("2026-11-23T10Z", "2026-11-23T10:00:00.000Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
    ],
)
def test_finer_than_ms_is_cut_and_coarser_is_taken_at_its_start(text: str, read: str) -> None:
    assert format_time(parse_time_text(text)) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T10:00:00",
        "2026-11-23T10:00:00+0530",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00+05:60",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00,5Z",
        "2026-11-23T10:0Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-11-23T10:00:61Z",
        "2026-11-23T10:00:00Z ",
        " 2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00ZZ",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "+026-04-01T00:00:00Z",
        "2026/04/01T00:00:00Z",
        "20260401T000000Z",
        "1774000000000",
        "\uff12\uff10\uff12\uff16-04-01T00:00:00Z",
    ],
)
def test_what_is_no_time_with_an_offset_is_refused(text: str) -> None:
    assert parse_time_text(text) == BAD_TIME


@pytest.mark.parametrize(
    "text",
    ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.9Z", "2017-01-01T01:59:60+02:00"],
)
def test_a_leap_second_is_the_last_millisecond_of_its_minute(text: str) -> None:
    assert format_time(parse_time_text(text)) == "2016-12-31T23:59:59.999Z"


@pytest.mark.parametrize("text", ["2016-12-30T23:59:60Z", "2016-12-31T23:58:60Z"])
def test_a_leap_second_elsewhere_than_at_the_end_of_a_month_is_refused(text: str) -> None:
    assert parse_time_text(text) == BAD_TIME


def test_every_end_of_a_month_may_have_a_leap_second_and_no_other_day() -> None:
    day = datetime(1999, 12, 1, tzinfo=UTC)
    while day.year < 2005:
        accepted = parse_time_text(f"{day:%Y-%m-%d}T23:59:60Z") != BAD_TIME
        assert accepted == ((day + timedelta(days=1)).day == 1), day
        day += timedelta(days=1)


@settings(deadline=None)
@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_what_is_written_is_read_back(instant_ms: int) -> None:
    assert parse_time_text(format_time(instant_ms)) == instant_ms


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert isinstance(parse_time_text(text), int)
