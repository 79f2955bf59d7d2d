"""Alert ids (contracts section 2): the same whatever crashed, whichever policy version."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII).fullmatch


def encoded(part: str) -> str:
    """One part of an id, percent-encoded; RFC 3986 unreserved characters stay."""
    return part if _UNRESERVED(part) else quote(part, safe="")


def correction_id(alert: str, revision: int) -> str:
    """The id of a retraction or amendment of `alert`."""
    return f"{alert}~{revision}"


def clock_key(tenant: str, incident: str, set_name: str, clock: str, cycle: int) -> str:
    """The key of a clock in reports and on the topic `clocks`."""
    parts = [encoded(part) for part in (tenant, incident, set_name, clock)]
    return f"{'/'.join(parts)}/{cycle}"


def parts_of(alert: str) -> tuple[str, str, str, str, int, str]:
    """(tenant, incident, set, clock, cycle, threshold with repeat) of an alert id."""
    tenant, incident, set_name, clock, cycle, threshold = alert.split("/", 5)
    return (
        unquote(tenant),
        unquote(incident),
        unquote(set_name),
        unquote(clock),
        int(cycle),
        threshold,
    )
