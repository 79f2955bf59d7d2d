"""The event class: who did what, and which edges it makes, in one integer.

Conditions are looked up by (profile, event class), never computed, on the hot path.
"""

from __future__ import annotations

# The event class: type in bits 0-4, author in 5-7, then the edges; author_id's class above.
BY_PUBLIC = 1 << 8
BY_REQUESTER = 1 << 9
BY_ENGINE = 1 << 10
TEAM_ENTERED = 1 << 11
TEAM_LEFT = 1 << 12
ASSIGNEE_ENTERED = 1 << 13
ASSIGNEE_LEFT = 1 << 14
REOPENED = 1 << 15
OPENED = 1 << 16
PAUSE_LIFTED = 1 << 17
RESOLVED_NOW = 1 << 18
HAS_TEAM = 1 << 19
HAS_ASSIGNEE = 1 << 20
ASSIGNEE_GIVEN = 1 << 21
AUTHOR_ID_SHIFT = 22
#: The event class of no event: what conditions say between events.
BETWEEN = 31

#: StatusClass values that end an incident.
RESOLVED_CLASS = 4
WAITING_CUSTOMER_CLASS = 1
