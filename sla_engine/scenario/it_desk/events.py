"""What happens at an IT service desk: who calls from where, with what, and how it goes on."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from sla_engine.event.times import format_time
from sla_engine.limits import DAY_MS, HOUR_MS
from sla_engine.scenario.arrivals import Rhythm
from sla_engine.scenario.business import Business, Matter, Wait

#: Customer -> (zone, how often it calls).
_CUSTOMERS: Final = {
    "HANSEATIC-BANK": ("Europe/Berlin", 5),
    "RHEINCHEM": ("Europe/Berlin", 4),
    "STADTWERKE": ("Europe/Berlin", 4),
    "ALTMARK": ("Europe/Berlin", 1),
    "DECCAN-FOODS": ("Asia/Kolkata", 3),
    "SAHYADRI": ("Asia/Kolkata", 2),
    "HUDSON-LEGAL": ("America/New_York", 3),
    "BROOKLYN-ARTS": ("America/New_York", 2),
}
_CHANNELS: Final = {"phone": 35, "email": 25, "portal": 28, "chat": 12}
_MONITORED: Final = {"monitoring": 80, "phone": 20}
_SECOND_LINE: Final = ("network", "platform", "applications", "workplace")

_USER: Final = Wait(0.3, 5, {"status": "pending user"}, {"status": "in progress"}, customer=True)
_LINE: Final = Wait(
    0.3, 4, {"status": "pending vendor"}, {"status": "in progress"}, vendors=("northline",)
)
_PART: Final = Wait(
    0.35, 22, {"status": "pending vendor"}, {"status": "in progress"}, vendors=("ironworks",)
)
_MAKER: Final = Wait(
    0.3,
    20,
    {"status": "pending vendor"},
    {"status": "in progress"},
    vendors=("ledgersoft", "postern"),
)
_APPROVAL: Final = Wait(0.6, 7, {"custom": {"stage": "approval"}}, {"custom": {"stage": "work"}})


def _customer(random: Random) -> tuple[str, str]:
    names = tuple(_CUSTOMERS)
    (name,) = random.choices(names, [_CUSTOMERS[each][1] for each in names])
    return name, _CUSTOMERS[name][0]


def _person(random: Random, at_ms: int) -> dict[str, Any]:
    return {"requester": f"u{random.randrange(100, 999)}"}


def _suspicious(random: Random, at_ms: int) -> dict[str, Any]:
    return {**_person(random, at_ms), "custom": {"security": True}}


def _joining(random: Random, at_ms: int) -> dict[str, Any]:
    """Somebody joins at nine, in one to nine days; some are announced for this afternoon."""
    morning = at_ms - at_ms % DAY_MS + 8 * HOUR_MS
    day = morning + random.randrange(1, 10) * DAY_MS
    soon = random.random() < 0.3
    return {"custom": {"needed_by": format_time(at_ms + 5 * HOUR_MS if soon else day)}}


def _kind(
    kind: str, product: str = "", tags: tuple[str, ...] = (), status: str = "new"
) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": kind, "status": status}
    if product:
        data["product"] = product
    if tags:
        data["tags"] = list(tags)
    return data


_MATTERS: Final = (
    Matter(
        "INC", 1.5, _kind("incident", "mail", ("major",)),
        ("No mail at all sites", "The cash desks are offline", "Nobody can log in"),
        _MONITORED, {"P1": 80, "P2": 20}, ("platform", "network"), "24x7", 6, 150,
        waits=(_LINE,), handed=0.4, asks=0.6, reopened=0.1, forgotten=0.3, open_end=0, echoes=4,
        more=_person,
    ),
    Matter(
        "INC", 2, _kind("incident", "identity"),
        ("A mail asks for passwords", "Log-ins from two countries", "A laptop was stolen"),
        {"phone": 50, "email": 50}, {"P1": 10, "P2": 50, "P3": 40}, ("security",), "24x7", 15, 200,
        handed=0.2, forgotten=0.2, more=_suspicious,
    ),
    Matter(
        "INC", 14, _kind("incident", "network"),
        ("WLAN in hall 3 drops", "VPN is slow since noon", "The line to the branch is down"),
        {**_CHANNELS, "monitoring": 40}, {"P1": 12, "P2": 30, "P3": 48, "P4": 10},
        ("service-desk", "network"), "extended", 40, 110,
        waits=(_USER, _LINE), handed=0.35, raised=0.08, forgotten=0.1, more=_person,
    ),
    Matter(
        "INC", 12, _kind("incident", "laptop"),
        ("Screen stays black", "Battery swells", "Docking station without picture"),
        _CHANNELS, {"P2": 10, "P3": 60, "P4": 30}, ("service-desk", "workplace"), "frankfurt",
        70, 90, waits=(_USER, _PART), handed=0.3, more=_person,
    ),
    Matter(
        "INC", 18, _kind("incident", "ledger"),
        ("Invoices cannot be booked", "The month does not close", "Error 500 in the web shop"),
        _CHANNELS, {"P1": 6, "P2": 24, "P3": 50, "P4": 20}, ("service-desk", "applications"),
        "frankfurt", 60, 140, waits=(_USER, _MAKER), handed=0.4, raised=0.08, reopened=0.12,
        more=_person,
    ),
    Matter(
        "REQ", 12, _kind("request", "access"),
        ("Access to the archive", "Read rights for an auditor", "New password card"),
        {"portal": 70, "email": 30}, {"P3": 60, "P4": 40}, ("service-desk",), "frankfurt", 90, 60,
        waits=(_APPROVAL, _USER), asks=0.15, done={"status": "fulfilled"}, more=_person,
    ),
    Matter(
        "REQ", 10, _kind("request", "software"),
        ("Drawing program for two", "A licence more", "Please remove the old client"),
        {"portal": 80, "email": 20}, {"P3": 40, "P4": 60}, ("service-desk", "workplace"),
        "frankfurt", 120, 100, waits=(_APPROVAL, _USER), done={"status": "fulfilled"},
        more=_person,
    ),
    Matter(
        "REQ", 4, _kind("request", "new-joiner"),
        ("A trainee in Fulda", "Two colleagues for the night shift"),
        {"portal": 100}, {"P3": 100}, ("workplace",), "frankfurt", 150, 200, handed=0.3,
        waits=(_PART,), done={"status": "fulfilled"}, more=_joining,
    ),
    Matter(
        "CHG", 6, _kind("change", "platform"),
        ("New certificates", "More memory for the ledger", "Switch in the cellar"),
        {"portal": 100}, {"P3": 60, "P4": 40}, ("platform", "network"), "frankfurt", 120, 300,
        waits=(_APPROVAL,), handed=0.2, asks=0.1,
    ),
    Matter(
        "QUE", 18, _kind("question"),
        ("How do I forward my mail?", "Where is the form?", "Thank you for Friday", "Which cable?"),
        _CHANNELS, {"P3": 40, "P4": 60}, ("service-desk",), "frankfurt", 50, 20, handed=0.08,
        waits=(_USER,), open_end=0.03, more=_person,
    ),
)  # fmt: skip

BUSINESS: Final = Business(
    name="it-desk",
    source="service-desk",
    start="2026-03-10T00:00:00+01:00",
    end="2026-03-11T00:00:00+01:00",
    count=260,
    rhythm=Rhythm(season={"01": 1.2, "08": 0.8, "12": 0.9, "12-25": 0.2}),
    matters=_MATTERS,
    customer=_customer,
    people={
        "": ("kiran", "jo", "ines", "pavel"),
        "service-desk": ("mara", "tom", "aylin", "rohan", "dee"),
        **{team: ("kiran", "jo", "ines", "pavel") for team in _SECOND_LINE},
    },
    pick_up={"phone": 16, "chat": 35},
    bots=("email",),
    night=("P1",),
    urgent="P1",
    begun="in progress",
)
