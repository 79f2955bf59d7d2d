"""Calendars whose public holidays are dates: a new holiday package moves no running clock (F48)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sla_engine.calendar.compiler import FIRST_YEAR, LAST_YEAR
from sla_engine.calendar.holiday import expand_holidays
from sla_engine.calendar.spec import CalendarSpec, CountryHoliday


def country_dates(specs: Mapping[str, CalendarSpec]) -> dict[str, list[str]]:
    """By calendar the dates (ISO) of the public holidays that its countries have today."""
    found = {}
    for name, spec in specs.items():
        countries = [each for each in spec.holidays if isinstance(each, CountryHoliday)]
        if countries:
            dates = expand_holidays(countries, FIRST_YEAR, LAST_YEAR)
            found[name] = sorted(day.isoformat() for day in dates)
    return found


def with_dates(
    specs: Mapping[str, CalendarSpec], dates: Mapping[str, Sequence[str]]
) -> dict[str, CalendarSpec]:
    """The calendars with these dates in place of their countries."""
    made = {}
    for name, spec in specs.items():
        own = [each for each in spec.holidays if not isinstance(each, CountryHoliday)]
        days = [date.fromisoformat(day) for day in dates.get(name, ())]
        made[name] = replace(spec, holidays=(*own, *days))
    return made
