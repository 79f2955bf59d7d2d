"""Names for the plain integers and texts that must not be mixed up."""

from typing import NewType

Milliseconds = NewType("Milliseconds", int)
"""A length of time in whole milliseconds; negative only where a text says so."""

Instant = NewType("Instant", int)
"""A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted."""

Offset = NewType("Offset", int)
"""Position of one record in one partition of the event log, from 0."""

Partition = NewType("Partition", int)
"""Number of a partition of the event log, from 0; the same number in `incidents` and `alerts`."""

Sequence = NewType("Sequence", int)
"""Position of one entry in a partition's journal, from 1; it also moves when no offset does."""

Tenant = NewType("Tenant", str)
"""The event's `tenant` attribute, `default` when absent."""

IncidentId = NewType("IncidentId", str)
"""The event's `subject`: unique within its tenant."""

CustomerId = NewType("CustomerId", str)
"""Key of the customer directory."""

AlertId = NewType("AlertId", str)
"""`<tenant>/<incident>/<set>/<clock>/<cycle>/<threshold>[/<repeat>]` (contracts section 2)."""

VersionHash = NewType("VersionHash", str)
"""The 12 hex digits that name a version of a policy or a calendar (contracts section 3)."""

OwnerToken = NewType("OwnerToken", bytes)
"""Random bytes that a claim writes and every later write must carry (design section 3)."""
