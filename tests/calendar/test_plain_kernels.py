"""The kernels run as plain Python give the same answers, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.calendar import CalendarSpec, build_tables, compile_calendar, kernels

COMPILED = {name: value for name, value in vars(kernels).items() if hasattr(value, "py_func")}


def plain_kernels() -> dict[str, Callable[..., Any]]:
    """Every kernel from its source alone: those that it calls are plain as well."""
    names: dict[str, Any] = dict(vars(kernels))
    for name, kernel in COMPILED.items():
        names[name] = FunctionType(kernel.py_func.__code__, names)
    return {name: names[name] for name in COMPILED}


PLAIN = plain_kernels()
TABLES = build_tables(
    [
        compile_calendar(spec, None, 2025, 2027)
        for spec in (
            CalendarSpec("office", "Europe/London", {day: ((540, 1020),) for day in range(5)}),
            CalendarSpec("night", "America/New_York", {day: ((1320, 360),) for day in range(5)}),
            CalendarSpec(
                "lunch", "Asia/Kolkata", {day: ((540, 780), (840, 1080)) for day in (0, 3)}
            ),
            CalendarSpec("always", "UTC", {day: ((0, 1440),) for day in range(7)}),
        )
    ]
)
BEGIN, END = 1_700_000_000_000, 1_850_000_000_000  # from before the compiled years to after them
#: What a kernel takes after the tables and the calendar.
TIME = st.integers(BEGIN, END)
LENGTH = st.integers(-(10**10), 10**10)
ARGUMENTS: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "open_between": (TIME, TIME),
    "is_open": (TIME,),
    "next_open": (TIME,),
    "next_close": (TIME,),
    "settle": (TIME,),
    "settle_back": (TIME,),
    "add_open": (TIME, LENGTH),
    "sub_open": (TIME, LENGTH),
    "due_of_target": (TIME, LENGTH, st.booleans()),
    "due_at_time": (TIME,),
    "to_local": (TIME,),
    "to_utc": (TIME,),
    "same_time_business_day": (TIME, st.integers(-300, 300)),
    "business_days_due": (TIME, st.integers(-300, 300)),
    "add_business_days": (TIME, st.integers(-300, 300)),
    "end_of_business_day": (TIME,),
    "end_of_next_business_day": (TIME,),
    "next_business_day_at": (TIME, st.integers(0, 1439)),
}


def test_every_public_kernel_is_compared() -> None:
    assert {name for name in COMPILED if not name.startswith("_")} == set(ARGUMENTS)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_compiled_and_plain_agree(data: st.DataObject) -> None:
    calendar = data.draw(st.integers(0, len(TABLES.rows) - 1))
    for name, strategies in ARGUMENTS.items():
        arguments = [data.draw(strategy, label=name) for strategy in strategies]
        compiled = COMPILED[name](TABLES, calendar, *arguments)
        assert compiled == PLAIN[name](TABLES, calendar, *arguments), name
