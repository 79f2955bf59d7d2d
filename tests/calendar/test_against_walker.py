"""F56: the kernels answer what a walk over every minute answers, in any zone and any hours."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sla_engine.calendar import Calendar
from tests.calendar.strategies import DRAWN_DAYS, calendars, instants
from tests.calendar.walker import DAY_MINUTES, MINUTE_MS, Walker

DAY_MS = 86_400_000
EXAMPLES = 80
#: Days of the window on both sides of those from which instants are drawn.
MARGIN_DAYS = 25
LENGTH_DAYS = MARGIN_DAYS + DRAWN_DAYS + MARGIN_DAYS


class Question(NamedTuple):
    calendar: Calendar
    walker: Walker
    a: int
    b: int
    ms: int  # open time that the window holds after a
    back_ms: int  # and before b


@st.composite
def questions(draw: st.DrawFn) -> Question:
    spec, first = draw(calendars())
    assert spec.time_zone is not None
    calendar = Calendar.of(spec, first_year=first.year - 1, last_year=first.year + 1)
    walker = Walker(spec, spec.time_zone, first - timedelta(days=MARGIN_DAYS), LENGTH_DAYS)
    # Answers must lie in the window: it needs an end of open time before and after the questions.
    head = walker.minutes[: MARGIN_DAYS * DAY_MINUTES]
    tail = walker.minutes[-MARGIN_DAYS * DAY_MINUTES :]
    assume(all(bit in part for bit in (0, 1) for part in (head, tail)))
    a, b = draw(instants(first)), draw(instants(first))
    end = walker.begin + (LENGTH_DAYS * DAY_MINUTES - tail[::-1].index(0) - 1) * MINUTE_MS
    after = walker.open_between(a, end)
    before = walker.open_between(walker.begin + head.index(0) * MINUTE_MS, b)
    minutes = st.integers(0, after // MINUTE_MS).map(lambda count: count * MINUTE_MS)
    ms = draw(st.one_of(st.just(0), st.integers(0, after), minutes))
    return Question(calendar, walker, a, b, ms, draw(st.integers(0, before)))


@given(questions())
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_kernel_gives_the_answer_of_the_walk(question: Question) -> None:
    calendar, walker, a, b, ms, back_ms = question
    assert calendar.between(a, b) == walker.open_between(a, b)
    assert calendar.is_open(a) == walker.is_open(a)
    assert calendar.next_open(a) == walker.next_open(a)
    assert calendar.next_close(a) == walker.next_close(a)
    assert calendar.add(a, ms) == walker.add(a, ms)
    assert calendar.subtract(b, back_ms) == walker.subtract(b, back_ms)
    assert calendar.end_of_business_day(a) == walker.end_of_business_day(a)
    assert calendar.business_days_due(a, 2)[0] == walker.business_days(a, 2)


@given(questions())
@settings(max_examples=EXAMPLES, deadline=None)
def test_intervals_are_the_open_time_cut_at_both_ends(question: Question) -> None:
    calendar, walker, a, b, _, _ = question
    a, b = min(a, b), max(a, b)
    found = calendar.intervals(a, b)
    assert sum(end - start for start, end in found) == walker.open_between(a, b)
    assert all(walker.is_open(start) and walker.is_open(end - 1) for start, end in found)
    assert all(end < start for (_, end), (start, _) in pairwise(found))


@given(questions())
@settings(max_examples=EXAMPLES, deadline=None)
def test_adding_and_counting_are_inverse(question: Question) -> None:
    calendar, _, a, _, ms, _ = question
    due = calendar.add(a, ms)
    assert calendar.between(a, due) == ms
    assert calendar.between(due, a) == -ms
    assert calendar.subtract(due, ms) == (calendar.next_open(a) if ms else due)


@given(questions(), st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_adding_in_two_steps_is_adding_once(question: Question, data: st.DataObject) -> None:
    calendar, _, a, _, ms, _ = question
    first = data.draw(st.integers(0, ms))
    assert calendar.add(calendar.add(a, first), ms - first) == calendar.add(a, ms)


@given(questions())
@settings(max_examples=EXAMPLES, deadline=None)
def test_counting_is_additive_and_never_more_than_wall_time(question: Question) -> None:
    calendar, _, a, b, _, _ = question
    middle = (a + b) // 2
    assert calendar.between(a, middle) + calendar.between(middle, b) == calendar.between(a, b)
    assert 0 <= abs(calendar.between(a, b)) <= abs(b - a)


@given(questions(), st.integers(1, 3 * DAY_MS))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_later_start_or_a_longer_time_is_never_due_earlier(question: Question, more: int) -> None:
    calendar, _, a, _, ms, _ = question
    assert calendar.add(a + more, ms) >= calendar.add(a, ms)
    assert calendar.add(a, ms + 1) > calendar.add(a, ms)


@given(questions(), st.integers(1, 5))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_business_day_due_lies_in_open_time_or_at_a_closing(question: Question, n: int) -> None:
    calendar, walker, a, _, _, _ = question
    due, moved = calendar.business_days_due(a, n)
    assert due > a
    assert calendar.add(due, 0) == due
    assert moved == (due != calendar.same_time_business_day(a, n))
    assert not moved or (calendar.is_open(due) and not calendar.is_open(due - 1))
    assert walker.local(calendar.same_time_business_day(a, n)).date() > walker.local(a).date()
