"""Business time: opening hours in a zone, compiled to sorted intervals with prefix sums."""

from sla_engine.calendar.book import ALWAYS_INDEX, CALENDARS_MAX, CalendarBook
from sla_engine.calendar.business import Calendar
from sla_engine.calendar.compiler import (
    FIRST_YEAR,
    LAST_YEAR,
    CompiledCalendar,
    compile_calendar,
)
from sla_engine.calendar.frozen import country_dates, with_dates
from sla_engine.calendar.holiday import holiday_notes
from sla_engine.calendar.kernels import (
    FAR,
    LONG_AGO,
    add_business_days,
    add_open,
    business_days_due,
    due_at_time,
    due_of_target,
    end_of_business_day,
    end_of_next_business_day,
    is_open,
    next_business_day_at,
    next_close,
    next_open,
    open_between,
    same_time_business_day,
    settle,
    settle_back,
    sub_open,
    to_local,
    to_utc,
)
from sla_engine.calendar.layout import CalendarTables
from sla_engine.calendar.spec import (
    ALWAYS,
    ALWAYS_NAME,
    CalendarSpec,
    CountryHoliday,
    Holiday,
    Interval,
    YearlyHoliday,
)
from sla_engine.calendar.tables import TableBuilder, build_tables
from sla_engine.calendar.zone import check_zone, known_zones, tzdata_version

__all__ = [
    "ALWAYS",
    "ALWAYS_INDEX",
    "ALWAYS_NAME",
    "CALENDARS_MAX",
    "FAR",
    "FIRST_YEAR",
    "LAST_YEAR",
    "LONG_AGO",
    "Calendar",
    "CalendarBook",
    "CalendarSpec",
    "CalendarTables",
    "CompiledCalendar",
    "CountryHoliday",
    "Holiday",
    "Interval",
    "TableBuilder",
    "YearlyHoliday",
    "add_business_days",
    "add_open",
    "build_tables",
    "business_days_due",
    "check_zone",
    "compile_calendar",
    "country_dates",
    "due_at_time",
    "due_of_target",
    "end_of_business_day",
    "end_of_next_business_day",
    "holiday_notes",
    "is_open",
    "known_zones",
    "next_business_day_at",
    "next_close",
    "next_open",
    "open_between",
    "same_time_business_day",
    "settle",
    "settle_back",
    "sub_open",
    "to_local",
    "to_utc",
    "tzdata_version",
    "with_dates",
]
