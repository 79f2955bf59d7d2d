"""Edited policies, decision by decision, on the reference fold: figures worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.reference import Result, fold, load_policies_text
from tests.reference.test_reference_rules import WORK, instant, one, said
from tests.reference.times import parse_time

HOUR = 3_600_000
OLD = "policies: [{name: all, clocks: {resolution: {target: 4h}}}]"


def run(
    first: str,
    events: list[tuple[Any, ...]],
    until: str,
    *later: tuple[str, str],
    subject: str = "X",
) -> Result:
    """The fold of (time, type, data) under `first` and the editions (time, policies) after it."""
    full = [
        {
            "id": str(number),
            "source": "test",
            "type": kind if "." in kind else f"incident.{kind}",
            "subject": subject,
            "time": instant(at),
            "sequence": str(number),
            "data": data[0] if data else {},
        }
        for number, (at, kind, *data) in enumerate(events)
    ]
    editions = [(parse_time(instant(at)), load_policies_text(text)) for at, text in later]
    return fold(load_policies_text(first), full, parse_time(instant(until)), later=editions)


def resolution(options: str, more: str = "") -> str:
    """A set with one clock."""
    return f"policies: [{{name: all, clocks: {{resolution: {{{options}}}}}{more}}}]"


def due(result: Result, name: str = "resolution") -> str:
    return str(one(result, name)["due"])


# --- 1: by instants ------------------------------------------------------------------------------


def test_an_event_of_the_instant_is_judged_by_the_new_edition_and_one_before_it_is_not() -> None:
    new = ("10:00", resolution("target: 1h"))
    assert due(run(OLD, [("10:00", "created")], "10:30", new)) == instant("11:00:00.000")
    assert due(run(OLD, [("09:59:59.999", "created")], "10:30", new)) == instant("13:59:59.999")


def test_a_timer_of_the_instant_is_the_new_editions() -> None:
    first = resolution("target: 4h", ", escalations: [{at: 25%, notify: t}]")
    live = resolution("target: 4h, ladder: live")
    assert said(run(first, [("09:00", "created")], "12:00", ("10:00", live))) == []
    assert said(run(first, [("09:00", "created")], "12:00", ("10:00:00.001", live))) != []


def test_a_breach_comes_before_an_edition_of_its_instant() -> None:
    """As before an event of that instant: the due lies before both."""
    longer = resolution("target: 9h, on_edit: from_now")
    events = [("09:00", "created")]
    assert said(run(OLD, events, "14:00", ("13:00:00.001", longer))) == [("breach", "13:00:00.001")]
    assert said(run(OLD, events, "14:00", ("13:00", longer))) == []


def test_of_two_editions_of_one_instant_the_later_record_counts() -> None:
    two = [("10:00", resolution(f"target: {n}h, on_edit: from_now")) for n in (6, 7)]
    assert due(run(OLD, [("09:00", "created")], "11:00", *two)) == instant("16:00:00.000")


# --- 2: matched anew -----------------------------------------------------------------------------


def test_the_switch_matches_by_attributes_and_judges_valid_at_its_instant() -> None:
    events = [("09:00", "created")]
    for begins, names in (("09:30", ["first_response", "resolution"]), ("10:30", ["resolution"])):
        new = (
            f"policies: [{{name: new, valid: {{from: '{instant(begins)}'}}, "
            "clocks: {first_response: {target: 9h}}}]"
        )
        clocks = run(OLD, events, "11:00", ("10:00", new)).clocks
        assert [clock["clock"] for clock in clocks] == names


# --- 3: an open clock goes on --------------------------------------------------------------------


def test_pin_keeps_target_calendar_conditions_and_labels_through_later_changes() -> None:
    first = (
        "statuses: {parked: on_hold}\n"
        "policies: [{name: all, clocks: {resolution: "
        "{target: {high: 2h, default: 4h}, pause: status_class == 'on_hold'}}}]"
    )
    new = "statuses: {parked: open}\n" + resolution("target: 1h")
    events = [
        ("09:00", "created"),
        ("10:00", "updated", {"priority": "high"}),
        ("10:30", "updated", {"status": "parked"}),
    ]
    assert due(run(first, events[:1], "12:00", ("09:30", new))) == instant("13:00:00.000")
    assert due(run(first, events[:2], "10:10", ("09:30", new))) == instant("11:00:00.000")
    assert one(run(first, events, "12:00", ("09:30", new)), "resolution")["state"] == "paused"


def test_from_now_counts_the_rest_of_the_new_target_on_the_new_calendar() -> None:
    new = WORK + resolution("target: 10h, calendar: work, on_edit: from_now")
    clock = one(run(OLD, [("07:00", "created")], "12:00", ("10:00", new)), "resolution")
    assert (clock["elapsed_ms"], clock["due"]) == (5 * HOUR, instant("17:00:00.000"))


def test_from_now_breaks_a_clock_whose_new_target_was_reached_before() -> None:
    steps = ", escalations: [{at: 50%, notify: t}, {at: 30m after, notify: t}]"
    new = resolution("target: 1h, on_edit: from_now, ladder: live", steps)
    result = run(OLD, [("09:00", "created")], "12:00", ("11:00", new))
    assert said(result) == [("breach", "10:00:00.001")]
    assert due(result) == instant("10:00:00.000")


def test_from_now_keeps_the_pauses_before_the_switch() -> None:
    first = resolution("target: 4h, pause: status_class == 'on_hold'")
    new = resolution("target: 4h, carry_pauses: false, on_edit: from_now")
    events = [("09:00", "created"), ("09:30", "updated", {"status": "on_hold"})]
    clock = one(run(first, events, "11:00", ("10:30", new)), "resolution")
    assert (clock["state"], clock["paused_ms"], clock["due"]) == (
        "running",
        HOUR,
        instant("14:00:00.000"),
    )


def test_from_now_leaves_a_due_of_days_or_of_a_field_where_its_words_put_it() -> None:
    """ "`Nbd` = the Nth open date after the start's date", "`due_at`: a time attribute"."""
    days = WORK + resolution("target: 2bd, calendar: work, on_edit: from_now")
    field = WORK + resolution("due_at: due, calendar: work, on_edit: from_now")
    events = [("13:30", "created", {"due": "2026-01-14T11:00:00Z"})]
    assert due(run(OLD, events, "16:00", ("15:00", days))) == "2026-01-14T13:30:00.000Z"
    assert due(run(OLD, events, "16:00", ("15:00", field))) == "2026-01-14T11:00:00.000Z"


def test_retroactive_lays_out_the_pauses_since_the_start_anew() -> None:
    new = resolution("target: 4h, pause: status_class == 'on_hold', on_edit: retroactive")
    events = [
        ("09:00", "created"),
        ("09:30", "updated", {"status": "on_hold"}),
        ("10:30", "updated", {"status": "open"}),
    ]
    assert due(run(OLD, events, "11:00")) == instant("13:00:00.000")
    assert due(run(OLD, events, "11:00", ("10:45", new))) == instant("14:00:00.000")


def test_retroactive_ends_a_clock_at_the_switch_not_earlier() -> None:
    new = resolution("target: 4h, stop: status_class == 'on_hold', on_edit: retroactive")
    events = [("09:00", "created"), ("09:30", "updated", {"status": "on_hold"})]
    clock = one(run(OLD, events, "12:00", ("11:00", new)), "resolution")
    assert (clock["state"], clock["stopped"]) == ("met", instant("11:00:00.000"))


def test_a_breach_stands_and_what_was_sent_is_not_sent_again_nor_unsaid() -> None:
    steps = ", escalations: [{at: 50%, notify: t}]"
    for mode in ("from_now", "retroactive"):
        new = resolution(f"target: 9h, on_edit: {mode}, ladder: live", steps)
        result = run(
            resolution("target: 2h", steps), [("09:00", "created")], "17:00", ("12:00", new)
        )
        assert said(result) == [("50%", "10:00"), ("breach", "11:00:00.001")]
        clock = one(result, "resolution")
        assert (clock["breached"], clock["due"]) == (True, instant("18:00:00.000"))


# --- 4 to 6: clocks that come and go -------------------------------------------------------------


def test_a_clock_that_the_new_edition_no_longer_has_stays_or_is_cancelled_by_the_defaults() -> None:
    other = "policies: [{name: all, clocks: {first_response: {target: 9h}}}]"
    for mode, state in (
        ("pin", "running"),
        ("from_now", "cancelled"),
        ("retroactive", "cancelled"),
    ):
        new = f"defaults: {{on_edit: {mode}}}\n{other}"
        clock = one(run(OLD, [("09:00", "created")], "11:00", ("10:00", new)), "resolution")
        assert clock["state"] == state


def test_a_clock_without_a_target_in_the_new_edition_goes_by_its_own_option() -> None:
    for mode, state in (("pin", "running"), ("from_now", "cancelled")):
        new = f"defaults: {{on_edit: retroactive}}\n{resolution(f'due_at: due, on_edit: {mode}')}"
        clock = one(run(OLD, [("09:00", "created")], "11:00", ("10:00", new)), "resolution")
        assert clock["state"] == state


def test_a_new_clock_starts_where_it_would_have_started() -> None:
    new = "policies: [{name: all, clocks: {first_response: {target: 1h}}}]"
    result = run(OLD, [("09:00", "created")], "11:00", ("10:30", new))
    assert one(result, "first_response")["started"] == instant("09:00:00.000")
    assert said(result) == [("breach", "10:00:00.001")]


def test_a_clock_that_ended_does_not_come_back() -> None:
    events = [("09:00", "created"), ("09:30", "resolved"), ("09:40", "updated", {"kind": "x"})]
    for mode in ("pin", "from_now", "retroactive"):
        new = resolution(f"target: 9h, stop: status_class == 'closed', on_edit: {mode}")
        clocks = run(OLD, events, "11:00", ("10:00", new)).clocks
        assert [clock["state"] for clock in clocks] == ["met"]


def test_a_clock_that_both_have_and_that_waits_goes_on_waiting() -> None:
    first = "policies: [{name: all, clocks: {update: {every: 1h}}}]"
    new = "policies: [{name: all, clocks: {update: {every: 2h, from: opened}}}]"
    events = [("09:00", "created"), ("12:00", "commented", {"author": "agent"})]
    assert run(first, events[:1], "11:00", ("10:00", new)).clocks == []
    assert due(run(first, events, "12:30", ("10:00", new)), "update") == instant("14:00:00.000")


def test_the_next_cycle_begins_under_the_edition_in_force() -> None:
    first = "policies: [{name: all, clocks: {update: {every: 1h, on_priority_change: restart}}}]"
    new = "policies: [{name: all, clocks: {update: {every: 3h}}}]"
    reply = ("commented", {"author": "agent"})
    opened = [("09:00", "created"), ("09:10", *reply)]
    result = run(first, [*opened, ("09:50", *reply)], "10:00", ("09:30", new))
    assert one(result, "update")["target_ms"] == HOUR
    assert one(result, "update", 2)["due"] == instant("12:50:00.000")
    # "also through later priority changes": what only restarts keeps its edition.
    result = run(
        first, [*opened, ("09:50", "updated", {"priority": "low"})], "10:00", ("09:30", new)
    )
    assert one(result, "update", 2)["due"] == instant("10:50:00.000")


def test_next_response_waits_for_a_first_response_that_stayed_pinned() -> None:
    first = "policies: [{name: all, clocks: {first_response: {target: 4h}}}]"
    new = "policies: [{name: all, clocks: {next_response: {target: 1h}}}]"
    events = [("09:00", "created"), ("09:10", "commented", {"author": "customer"})]
    clocks = run(first, events, "10:00", ("09:30", new)).clocks
    assert [clock["clock"] for clock in clocks] == ["first_response"]


# --- 7 to 9: steps, the edition after, what is sent ----------------------------------------------


def test_steps_stay_with_a_snapshot_and_change_with_live_whatever_the_target_does() -> None:
    first = resolution("target: 4h", ", escalations: [{at: 50%, notify: t}]")
    for mode in ("pin", "from_now", "retroactive"):
        for ladder, expected in (("snapshot", "50%"), ("live", "75%")):
            options = f"target: 4h, on_edit: {mode}, ladder: {ladder}"
            new = resolution(options, ", escalations: [{at: 75%, notify: t}]")
            result = run(first, [("09:00", "created")], "12:30", ("10:00", new))
            assert [threshold for threshold, _ in said(result)] == [expected]


def test_of_the_steps_that_come_with_an_edition_only_the_highest_passed_warning_is_sent() -> None:
    steps = (
        ", escalations: [{at: 10%, notify: t}, {at: 25%, notify: t}, {at: 3h before, notify: t}]"
    )
    new = resolution("target: 4h, ladder: live", steps)
    assert said(run(OLD, [("09:00", "created")], "12:00", ("11:00", new))) == [
        ("before:10800000", "10:00")
    ]


def test_steps_after_the_breach_that_are_still_ahead_fire() -> None:
    steps = ", escalations: [{every: 30m, after: breach, times: 3, notify: t}]"
    new = resolution("target: 4h, ladder: live", steps)
    assert said(run(OLD, [("09:00", "created")], "14:30", ("13:45", new))) == [
        ("breach", "13:00:00.001"),
        ("after:1800000/2", "14:00"),
        ("after:1800000/3", "14:30"),
    ]


def test_the_next_edition_decides_anew() -> None:
    pinned = ("10:00", resolution("target: 5h"))
    for mode in ("from_now", "retroactive"):
        after = ("11:00", resolution(f"target: 6h, on_edit: {mode}"))
        assert due(run(OLD, [("09:00", "created")], "12:00", pinned, after)) == instant(
            "15:00:00.000"
        )
    assert due(run(OLD, [("09:00", "created")], "12:00", pinned)) == instant("13:00:00.000")


def test_the_score_is_that_of_the_edition_the_incident_is_matched_in() -> None:
    steps = ", escalations: [{at: 50%, notify: t}]"
    first = resolution("target: 4h", steps)
    new = "priorities: [low, normal, high, urgent]\n" + first
    events = [("09:00", "created", {"priority": "urgent"})]
    assert run(first, events, "11:00").alerts[0]["data"]["score"] == 40
    assert run(first, events, "11:00", ("10:00", new)).alerts[0]["data"]["score"] == 20


def test_reopenings_are_counted_by_the_labels_of_then() -> None:
    """A status that a later edition calls resolved was no resolution when it was set."""
    first = resolution("target: 4h", ", escalations: [{at: 50%, notify: t}]")
    new = "statuses: {parked: resolved}\n" + first
    events = [
        ("09:00", "created", {"status": "parked"}),
        ("09:10", "updated", {"status": "open"}),
    ]
    assert run(first, events, "11:00", ("10:00", new)).alerts[0]["data"]["score"] == 20
    reopened = run(new, events, "12:00").clocks
    assert reopened == []


def test_an_update_of_a_customer_outlives_an_edition_that_repeats_the_old_entry() -> None:
    first = (
        "attributes: {tier: {values: [gold, silver], default: silver}}\n"
        "customers: {ACME: {tier: silver}}\n"
        + resolution("target: {by: tier, gold: 1h, default: 4h}, on_edit: retroactive")
    )
    events = [
        {"type": "incident.created", "subject": "X", "data": {"customer": "ACME"}, "at": "09:00"},
        {"type": "customer.updated", "subject": "ACME", "data": {"tier": "gold"}, "at": "09:10"},
    ]
    full = [
        {"id": str(n), "source": "s", "time": instant(e.pop("at")), **e}  # type: ignore[arg-type]
        for n, e in enumerate(events)
    ]
    known = load_policies_text(first)
    later = [(parse_time(instant("09:30")), known)]
    result = fold(known, full, parse_time(instant("09:40")), later=later)
    assert due(result) == instant("10:00:00.000")
