"""The policies and calendars that are, were or will be in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sla_engine.calendar.spec import CalendarSpec, CountryHoliday, Interval, YearlyHoliday
from sla_engine.event.times import format_time
from sla_engine.follow.model import Model
from sla_engine.policy.describe import describe

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def policies(model: Model, now_ms: int) -> dict[str, Any]:
    """Every edition of the policies with what it promises, the one in force marked."""
    with model.lock:
        editions = model.book.editions
        current = editions.at(now_ms)
        told = [
            {
                "version": edition.policies.version,
                "effective_from": format_time(edition.begin_ms) if number else None,
                "in_force": number == current,
                "promises": describe(edition.policies),
                "files": dict(edition.policies.texts),
            }
            for number, edition in enumerate(editions.all)
        ]
        return {"as_of": format_time(now_ms), "version": editions.version, "editions": told}


def calendars(model: Model, now_ms: int) -> dict[str, Any]:
    """The calendars of the policies in force, as they are written."""
    with model.lock:
        found = model.book.editions.in_force(now_ms).policies.calendars
    told = [_calendar(spec) for _, spec in sorted(found.items())]
    return {"as_of": format_time(now_ms), "calendars": told}


def _calendar(spec: CalendarSpec) -> dict[str, Any]:
    hours = {_DAYS[day]: list(map(_interval, some)) for day, some in sorted(spec.hours.items())}
    dates = {day.isoformat(): list(map(_interval, some)) for day, some in spec.dates.items()}
    return {
        "name": spec.name,
        "time_zone": spec.time_zone,
        "default_time_zone": spec.zone_default,
        "hours": hours,
        "holidays": list(_holidays(spec)),
        "dates": dates,
    }


def _holidays(spec: CalendarSpec) -> Iterator[str]:
    for holiday in spec.holidays:
        if isinstance(holiday, YearlyHoliday):
            yield f"{holiday.month:02}-{holiday.day:02}"
        elif isinstance(holiday, CountryHoliday):
            yield "-".join(filter(None, (holiday.country, holiday.subdivision)))
        else:
            yield holiday.isoformat()


def _interval(interval: Interval) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in interval)


def tag_of(told: Mapping[str, Any]) -> str:
    """The ETag of `policies`: they are what their version says."""
    current = next(each["version"] for each in told["editions"] if each["in_force"])
    return f'W/"{told["version"]}-{current}"'
