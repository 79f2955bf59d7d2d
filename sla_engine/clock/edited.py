"""An open clock goes on under an edited policy: from now on, or as if it had always been (D7)."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import take_target
from sla_engine.clock.editions import FROM_NOW
from sla_engine.clock.far import far
from sla_engine.clock.past import trace
from sla_engine.clock.rebase import rebase
from sla_engine.clock.rules import definitions, plans
from sla_engine.clock.stretches import close_stretch
from sla_engine.clock.work import SEGMENTS, clocks, counts, incidents, segments

#: SEGMENT.clock of a stretch that was taken away.
_NO_CLOCK = -1


@far
def take_edited(rules: Any, work: Any, row: int, at: int, amount: int, t: int) -> int:
    """Take target, calendar and conditions of another edition, in its mode, at `t`.

    from_now: what is elapsed stays as it was counted, on the calendar of then; due =
    add(new calendar, t, new target - elapsed). retroactive: every stretch since the start is
    laid out and counted anew. A breach stands either way.
    """
    clock = clocks(work)[at]
    plan = plans(rules)[incidents(work)[row]["profile"], clock["column"]]
    if definitions(rules)[plan["definition"]]["on_edit"] == FROM_NOW:
        close_stretch(rules, work, at, t)
        keep_counted(work, at, clock["calendar"])
        clock["calendar"] = plan["calendar"]
    else:
        forget_stretches(work, at)
        clock["calendar"] = plan["calendar"]
        trace(rules, work, row, at)
    clock["calendar_key"] = plan["calendar_key"]
    take_target(rules, work, at, plan["mode"], amount)
    return rebase(rules, work, row, at, t)


@inner
def keep_counted(work: Any, at: int, calendar: int) -> None:
    """The stretches so far stay counted on this calendar."""
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["calendar"] < 0:
            segment["calendar"] = calendar


@inner
def forget_stretches(work: Any, at: int) -> None:
    """The stretches so far are taken away."""
    for n in range(counts(work)[SEGMENTS]):
        if segments(work)[n]["clock"] == at:
            segments(work)[n]["clock"] = _NO_CLOCK
