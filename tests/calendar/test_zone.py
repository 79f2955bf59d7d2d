"""Zones as arrays: the same offsets as the tz database gives, and its version known (D18)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import tzdata
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.calendar import check_zone, known_zones, tzdata_version
from sla_engine.calendar.zone import load_zone
from sla_engine.errors import CalendarError
from tests.calendar.walker import EPOCH, zone_of

BEGIN, END = 631_152_000, 4_165_000_000  # 1990 .. 2101, seconds


def offset_ms(name: str, at_ms: int) -> int:
    delta = (EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone_of(name)).utcoffset()
    assert delta is not None
    return delta // timedelta(milliseconds=1)


def test_every_zone_has_the_offsets_of_the_database_around_each_change() -> None:
    for name in sorted(known_zones()):
        table = load_zone(name, 1990, 2101)
        for at, before, after in zip(
            table.utc[1:].tolist(),
            table.offsets[:-1].tolist(),
            table.offsets[1:].tolist(),
            strict=True,
        ):
            assert offset_ms(name, at) == after, (name, at)
            assert offset_ms(name, at - 1) == before, (name, at)


@given(st.sampled_from(sorted(known_zones())), st.integers(BEGIN, END))
@settings(max_examples=500, deadline=None)
def test_no_change_is_missed(name: str, at: int) -> None:
    table = load_zone(name, 1990, 2101)
    k = int(np.searchsorted(table.utc, at * 1000, side="right")) - 1
    assert table.offsets[k] == offset_ms(name, at * 1000)


@given(st.sampled_from(sorted(known_zones())), st.integers(BEGIN, END), st.booleans())
@settings(max_examples=500, deadline=None)
def test_local_time_moves_forward_in_a_gap_and_is_the_first_in_an_overlap(
    name: str, at: int, near_a_change: bool
) -> None:
    table = load_zone(name, 1990, 2101)
    if near_a_change and table.utc.size > 1:
        at = int(table.utc[1 + at % (table.utc.size - 1)]) // 1000 + at % 7200 - 3600
    local = EPOCH + timedelta(seconds=at)
    expected = local.replace(tzinfo=zone_of(name), fold=0).astimezone(UTC)
    assert table.to_utc(np.array([at * 1000]))[0] == (expected - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Apia", "2011-12-30"),
        ("Pacific/Kwajalein", "1993-08-21"),
        ("Pacific/Kiritimati", "1994-12-31"),
    ],
)
def test_dates_that_never_were(zone: str, day: str) -> None:
    days = (datetime.fromisoformat(f"{day}T00:00Z") - EPOCH).days
    assert load_zone(zone, 1990, 2101).skipped_days().tolist() == [days]
    assert load_zone("Europe/London", 1990, 2101).skipped_days().size == 0


def test_the_version_is_that_of_the_package() -> None:
    assert tzdata_version() == tzdata.IANA_VERSION


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../zones", "europe/berlin", "/etc/passwd"])
def test_only_names_of_the_database_are_read(name: str) -> None:
    with pytest.raises(CalendarError, match="unknown time zone") as caught:
        load_zone(name, 1990, 2101)
    assert caught.value.code == "UNKNOWN_ZONE"
    with pytest.raises(CalendarError):
        check_zone(name)
