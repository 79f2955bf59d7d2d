"""What a profile's classes say beside attributes: directory entry, era, edition, pinned columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sla_engine.clock.editions import KEEPS_RULES, KEEPS_STEPS
from sla_engine.policy.definitions import Pin
from sla_engine.policy.directory import LONG_AGO
from sla_engine.policy.editions import Editions
from sla_engine.policy.profile import EDITION, ENTRY, ERA, PINS, Slots

_KEPT = (("edition", KEEPS_RULES), ("ladder", KEEPS_STEPS))


@dataclass(frozen=True)
class ClassReader:
    """Reads tuples of classes, one per slot."""

    slots: Slots
    editions: Editions
    columns: Sequence[tuple[str, str]]
    eras: Sequence[int]

    def text(self, name: str, classes: tuple[int, ...]) -> str:
        """The text of a slot that is no attribute; "" when there is none."""
        slot = self.slots.index.get(name)
        return str(self.slots.slots[name].values[classes[slot]] or "") if slot is not None else ""

    def entry(self, classes: tuple[int, ...]) -> dict[str, str]:
        """The directory entry."""
        text = self.text(ENTRY, classes)
        return dict(json.loads(text)) if text else {}

    def instant(self, classes: tuple[int, ...]) -> int:
        """An instant inside the era."""
        passed = self.text(ERA, classes)
        if passed and int(passed):
            return self.eras[int(passed) - 1]
        return LONG_AGO if ERA in self.slots.index else 0

    def edition(self, classes: tuple[int, ...]) -> int:
        """The number of the edition."""
        begin = self.text(EDITION, classes)
        return self.editions.at(int(begin)) if begin else 0

    def pins(self, classes: tuple[int, ...]) -> dict[int, Pin]:
        """Column -> the editions that its rules and its steps stay with."""
        text, edition = self.text(PINS, classes), self.edition(classes)
        pins = {}
        for set_name, clock, rules, steps in json.loads(text) if text else ():
            kept = [edition if at is None else self.editions.at(at) for at in (rules, steps)]
            if (set_name, clock) in self.columns:
                pins[self.columns.index((set_name, clock))] = (kept[0], kept[1])
        return pins

    def with_pin(self, classes: tuple[int, ...], asked: int, definitions: NDArray[Any]) -> str:
        """The text of the pins slot with one more, as clock.editions asks for it; 0 = no pins."""
        if not asked:
            return ""
        row, kept = definitions[(asked >> 2) - 1], asked & 3
        begins = [
            self.editions.all[int(row[name])].begin_ms if kept & bit else None
            for name, bit in _KEPT
        ]
        text = self.text(PINS, classes)
        pins = [*(json.loads(text) if text else ()), [*self.columns[row["column"]], *begins]]
        return json.dumps(sorted(pins, key=lambda pin: pin[:2]), separators=(",", ":"))
