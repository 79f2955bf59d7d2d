"""Which values an attribute may be compared with: labels, classes, and declared `values`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sla_engine.policy.model import AttributeSpec, StatusClass
from sla_engine.policy.names import suggestion
from sla_engine.policy.vocabulary import AUTHORS, EVENT_TYPES, STATUS_CLASSES


@dataclass(frozen=True)
class Literals:
    """What a policy set declares: priority synonyms (with labels), statuses, attributes."""

    priorities: Mapping[str, str]
    statuses: Mapping[str, StatusClass]
    attributes: Mapping[str, AttributeSpec]

    @property
    def priority_labels(self) -> tuple[str, ...]:
        """The labels, most urgent first."""
        return tuple(dict.fromkeys(self.priorities.values()))

    def values(self, attribute: str) -> tuple[str, ...] | None:
        """All values that an attribute may be compared with; None: any text."""
        match attribute:
            case "priority":
                return self.priority_labels
            case "status":
                return tuple(self.statuses)
            case "status_class":
                return tuple(STATUS_CLASSES)
            case "event.type":
                return EVENT_TYPES
            case "event.author":
                return AUTHORS
        spec = self.attributes.get(attribute)
        return spec.values if spec is not None and spec.values else None

    def default(self, attribute: str) -> str:
        """What an absent text attribute reads as."""
        spec = self.attributes.get(attribute)
        return "" if spec is None else spec.default

    def problem(self, attribute: str, value: str) -> str | None:
        """Why `value` cannot be compared with an attribute, or None.

        The empty text means absent and is a value of every attribute that has no default.
        """
        known = self.values(attribute)
        if known is None or value in known or (value == "" and not self.default(attribute)):
            return None
        if attribute == "priority" and value in self.priorities:
            return f"`{value}` is a synonym: write the label, `{self.priorities[value]}`"
        return f"`{value}` is no value of `{attribute}`{suggestion(value, known)}"
