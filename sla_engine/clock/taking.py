"""An attribute's class goes into the profile of the event in hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.lookup import find, mix, pair
from sla_engine.clock.rules import classes, transitions
from sla_engine.clock.work import NEED_A, NEED_B, NEED_C, Outcome, change, counts

_DONE = int(Outcome.DONE)
_NEED_CLASS = int(Outcome.NEED_CLASS)
_NEED_PROFILE = int(Outcome.NEED_PROFILE)

#: The kind that names a number in the class table.
_NUMBERED = np.uint64(2)


@inner
def take_slot(rules: Any, work: Any, slot: int, found: int) -> int:
    """The profile takes class `found` in a slot. An Outcome."""
    row = change(work)[0]
    key = mix(pair(row["profile"], slot), np.uint64(found + 1))
    after = find(transitions(rules), key)
    if after < 0:
        counts(work)[NEED_A] = row["profile"]
        counts(work)[NEED_B] = slot
        counts(work)[NEED_C] = found
        return _NEED_PROFILE
    row["profile"] = after
    return _DONE


@far
def take_number(rules: Any, work: Any, slot: int, number: int) -> int:
    """The profile takes a counter's value, or an instant that no span says. An Outcome."""
    key = mix(np.uint64(slot + 1), mix(np.uint64(number), _NUMBERED))
    found = find(classes(rules), key)
    if found < 0:
        counts(work)[NEED_A] = -1 - number
        counts(work)[NEED_B] = slot
        return _NEED_CLASS
    return take_slot(rules, work, slot, found)
