"""What the parsers of policies share: the reader and everything that was declared before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sla_engine.calendar.spec import CalendarSpec
from sla_engine.policy.cel import Conditions, Scope
from sla_engine.policy.literals import Literals
from sla_engine.policy.model import Condition, Recipient, SetSpec
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Node, Place, Scalar
from sla_engine.policy.reading import Reader


@dataclass
class Context:
    """The declarations of one policy set; `places` says where a name was declared."""

    read: Reader
    literals: Literals
    conditions: Conditions
    calendars: Mapping[str, CalendarSpec]
    recipients: Mapping[str, Recipient]
    sets: Mapping[str, SetSpec]
    set_places: Mapping[str, Place] = field(default_factory=dict)

    def error(self, place: Place, code: str, message: str) -> None:
        """Note a finding."""
        self.read.error(place, code, message)

    def condition(self, node: Node, scope: Scope, what: str) -> Condition | None:
        """A checked condition, or None when it is wrong."""
        if isinstance(node, Scalar):
            return self.conditions.compile(node, scope)
        self.read.wrong(node, what, "a condition (quote it as a whole: '...')")
        return None

    def calendar(self, node: Node, what: str) -> str | None:
        """The name of a calendar that exists."""
        scalar = self.read.scalar(node, what, "the name of a calendar")
        if scalar is None or scalar.text in self.calendars:
            return None if scalar is None else scalar.text
        hint = suggestion(scalar.text, self.calendars)
        self.error(scalar.place, "UNKNOWN_CALENDAR", f"{what}: no calendar `{scalar.text}`{hint}")
        return None

    def time_attribute(self, node: Node, what: str) -> str | None:
        """The name of a time attribute."""
        scalar = self.read.scalar(node, what, "a time attribute")
        if scalar is None:
            return None
        if self.conditions.type_of(scalar.text) == "time":
            return scalar.text
        known = self.conditions.attributes("time")
        self.error(
            scalar.place,
            "UNKNOWN_ATTRIBUTE",
            f"{what}: `{scalar.text}` is no time attribute{suggestion(scalar.text, known)}",
        )
        return None

    def label(self, key: Scalar, attribute: str) -> str | None:
        """A value of an attribute: one that may be compared with it."""
        problem = self.literals.problem(attribute, key.text)
        if problem is None:
            return key.text
        self.error(key.place, "UNKNOWN_VALUE", problem)
        return None
