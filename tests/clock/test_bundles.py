"""Bundles of arrays: a kernel that asks for one by name gets that one, and room grows empty."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock import rules as of_rules
from sla_engine.clock import work as of_work
from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import LOOKUP, NEVER
from sla_engine.clock.lookup import find, put
from sla_engine.clock.memory import table_of
from sla_engine.clock.rules import Rules
from sla_engine.clock.work import Work, new_work, with_more_clocks, with_more_incidents
from sla_engine.engine.handle import handle
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook

POLICIES = (
    "policies: [{name: all, clocks: {resolution: {target: 4h}, first_response: {target: 1h}}}]"
)


@kernel
def work_lengths(work: Any) -> Any:
    """How long each array of a Work is, in the order of its fields."""
    return (
        len(of_work.incidents(work)),
        len(of_work.clocks(work)),
        len(of_work.next_due(work)),
        len(of_work.free_clocks(work)),
        len(of_work.alerts(work)),
        len(of_work.segments(work)),
        len(of_work.archived(work)),
        len(of_work.by_column(work)),
        len(of_work.ended(work)),
        len(of_work.change(work)),
        len(of_work.moments(work)),
        len(of_work.waits(work)),
        len(of_work.acks(work)),
        len(of_work.excludes(work)),
        len(of_work.counts(work)),
    )


@kernel
def rules_lengths(rules: Any) -> Any:
    """How long each array of Rules is, in the order of its fields, the calendars left out."""
    return (
        len(of_rules.plans(rules)),
        len(of_rules.conditions(rules)),
        len(of_rules.profiles(rules)),
        len(of_rules.columns(rules)),
        len(of_rules.definitions(rules)),
        len(of_rules.steps(rules)),
        len(of_rules.rungs(rules)),
        len(of_rules.slots(rules)),
        len(of_rules.type_status(rules)),
        len(of_rules.eras(rules)),
        len(of_rules.engine(rules)),
        len(of_rules.classes(rules)),
        len(of_rules.transitions(rules)),
        len(of_rules.situations(rules)),
        len(of_rules.judgements(rules)),
        len(of_rules.custom(rules)),
        len(of_rules.custom_times(rules)),
        len(of_rules.directory(rules)),
        len(of_rules.entries(rules)),
        len(of_rules.windows(rules)),
        len(of_rules.editions(rules)),
    )


@kernel
def width(rules: Any) -> Any:
    """The columns of a two-dimensional array."""
    return of_rules.plans(rules).shape[1], of_rules.conditions(rules).shape[1]


def of_lengths(bundle: Any, names: tuple[str, ...]) -> Any:
    """The bundle with arrays of 1, 2, 3, ... rows."""
    arrays = [getattr(bundle, name) for name in names]
    made = [np.zeros((n, *array.shape[1:]), array.dtype) for n, array in enumerate(arrays, start=1)]
    return bundle._replace(**dict(zip(names, made, strict=True)))


def test_a_table_says_where_each_array_is_and_how_long() -> None:
    arrays = [np.zeros(n, np.int64) for n in (3, 1, 4)]
    table = table_of(arrays, 7)
    assert table[0] == 7
    pairs = [[array.ctypes.data, len(array)] for array in arrays]
    assert table[2:].reshape(-1, 2).tolist() == pairs


def test_a_kernel_gets_the_array_of_a_work_that_it_names() -> None:
    work: Work = of_lengths(new_work(1, 1, 1, recorded=1), Work._fields)
    assert list(work_lengths(handle(work).value)) == list(range(1, len(Work._fields) + 1))


def test_a_kernel_gets_the_array_of_the_rules_that_it_names() -> None:
    book = RuleBook(load_text(POLICIES))
    names = Rules._fields[:-1]
    rules: Rules = of_lengths(book.rules, names)
    assert list(rules_lengths(handle(rules).value)) == list(range(1, len(names) + 1))
    assert list(width(handle(rules).value)) == [book.columns, book.columns]


def test_room_for_more_incidents_holds_no_clock_and_no_timer() -> None:
    work = with_more_incidents(new_work(2, 2, 1), 9)
    assert work.incidents["clocks"].tolist() == [-1] * 9
    assert work.next_due.tolist() == [NEVER] * 9


def test_room_for_more_clocks_is_free_once_each() -> None:
    work = new_work(1, 3, 1)
    work.counts[of_work.FREE_CLOCKS] -= 1
    taken = int(work.free_clocks[2])
    work = with_more_clocks(work, 8)
    free = work.free_clocks[: work.counts[of_work.FREE_CLOCKS]].tolist()
    assert sorted([taken, *free]) == list(range(8))


def test_keys_in_one_place_of_a_lookup_are_found_in_whatever_order_they_came() -> None:
    for keys in ((1, 9, 5), (9, 5, 1), (5, 1, 9)):
        table = np.zeros(4, LOOKUP)
        for key in keys:
            put(table, np.uint64(key), key)
        assert [find(table, np.uint64(key)) for key in keys] == list(keys)
