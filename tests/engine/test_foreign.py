"""What the tail of `alerts` says at a claim."""

from __future__ import annotations

from sla_engine.engine.foreign import ForeignAlerts
from sla_engine.engine.outgoing import CLEARED, RETRACTED
from tests.engine.world import Event

ID = "default/4711/default/resolution/1/cleared"


def record(identity: str, kind: str, **data: object) -> Event:
    return {
        "id": identity,
        "type": kind,
        "time": "2026-03-02T10:00:00.000Z",
        "tenant": "default",
        "subject": "4711",
        "data": {"threshold": "cleared", "due": None, **data},
    }


def test_an_amended_clearing_is_still_a_clearing() -> None:
    """A `cleared` never stands in the list of another one (contracts section 2)."""
    foreign = ForeignAlerts()
    foreign.add(record(f"{ID}~1", "sla.alert.amended", alert=ID, revision=1))
    known = foreign.found["default", "4711"][ID]
    assert (known.type, known.revision, known.active) == (CLEARED, 1, True)


def test_a_retraction_takes_back_what_the_tail_told_before() -> None:
    foreign = ForeignAlerts()
    foreign.add(record(ID, CLEARED))
    foreign.add(record(f"{ID}~1", RETRACTED, alert=ID, revision=1))
    known = foreign.found["default", "4711"][ID]
    assert (known.active, known.revision) == (False, 1)
