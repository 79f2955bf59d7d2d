"""Which attribute of conditions each member of an event sets."""

from __future__ import annotations

from sla_engine.clock.situation import (
    ASSIGNEE_ENTERED,
    ASSIGNEE_LEFT,
    TEAM_ENTERED,
    TEAM_LEFT,
)
from sla_engine.event.layout import EventType, Member

AUTHOR_ID = "event.author_id"

#: Member -> attribute name, for the members that conditions may read.
ATTRIBUTE_OF = {
    Member.PRIORITY: "priority",
    Member.STATUS: "status",
    Member.KIND: "kind",
    Member.CHANNEL: "channel",
    Member.CUSTOMER: "customer",
    Member.REQUESTER: "requester",
    Member.TIER: "tier",
    Member.CONTRACT: "contract",
    Member.TEAM: "team",
    Member.ASSIGNEE: "assignee",
    Member.VENDOR: "vendor",
    Member.PRODUCT: "product",
    Member.REGION: "region",
    Member.TIME_ZONE: "time_zone",
    Member.CALENDAR: "calendar",
    Member.TAGS: "tags",
    Member.DUE: "due",
    Member.OPENED_AT: "opened_at",
    Member.AUTHOR_ID: AUTHOR_ID,
}

#: Event type -> the status that it sets when it says none.
IMPLIED_STATUS = {
    EventType.RESOLVED: "resolved",
    EventType.CLOSED: "closed",
    EventType.REOPENED: "open",
}

#: Edges of the event class at which an attribute changed that no slot may hold.
HANDS = {"team": TEAM_ENTERED | TEAM_LEFT, "assignee": ASSIGNEE_ENTERED | ASSIGNEE_LEFT}
