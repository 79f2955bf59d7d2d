"""What happens in an online shop: orders, enquiries, complaints and returns, on every channel."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from sla_engine.event.times import format_time
from sla_engine.limits import HOUR_MS
from sla_engine.scenario.arrivals import HOME, Rhythm
from sla_engine.scenario.business import Business, Matter, Wait

_CLUB: Final = ("K-1004", "K-1017", "K-1030", "K-1041", "GASTHOF-LINDE")
_CHANNELS: Final = {"email": 40, "phone": 25, "chat": 20, "web": 10, "instagram": 3, "facebook": 2}
_WRITTEN: Final = {"email": 60, "web": 40}
_SOCIAL: Final = {"instagram": 60, "facebook": 40}
_PRIORITIES: Final = {"high": 15, "normal": 70, "low": 15}

_ANSWER: Final = Wait(0.25, 4, {"status": "answered"}, {"status": "open"}, customer=True)
_WAREHOUSE: Final = Wait(
    0.4, 6, {"status": "at warehouse", "team": "warehouse"}, {"status": "open"}
)
_SEARCH: Final = Wait(
    0.35, 20, {"status": "at carrier"}, {"status": "open"}, vendors=("windhund", "postbote")
)


def _customer(random: Random) -> tuple[str, str]:
    if random.random() < 0.15:
        return random.choice(_CLUB), "Europe/Berlin"
    return f"K-{random.randrange(2000, 9999)}", "Europe/Berlin"


def _value(random: Random, at_ms: int) -> dict[str, Any]:
    return {"custom": {"value_eur": round(random.lognormvariate(4, 0.9), 2)}}


def _promised(random: Random, at_ms: int) -> dict[str, Any]:
    """A parcel is expected within three days; half of those who ask expect it today."""
    hours = random.choice((3, 5, 8, 12, 36, 60))
    promised = format_time(at_ms + hours * HOUR_MS)
    return {"custom": {"promised_at": promised, **_value(random, at_ms)["custom"]}}


def _returned(random: Random, at_ms: int) -> dict[str, Any]:
    """The parcel came back one to eleven days ago."""
    returned = format_time(at_ms - random.randrange(24, 260) * HOUR_MS)
    return {"custom": {"returned_at": returned, **_value(random, at_ms)["custom"]}}


def _dangerous(random: Random, at_ms: int) -> dict[str, Any]:
    return {"custom": {"danger": True}}


_MATTERS: Final = (
    Matter(
        "C", 1, {"kind": "complaint"},
        ("The battery gets hot", "The handle broke off"),
        {"email": 50, "phone": 50}, {"high": 100}, ("claims",), "screen", 18, 120,
        forgotten=0.3, more=_dangerous,
    ),
    Matter(
        "C", 5, {"kind": "complaint"},
        ("Third time the wrong size", "Still no answer!", "Never again"),
        _SOCIAL, _PRIORITIES, ("social",), "screen", 9, 40, asks=0.5, forgotten=0.12,
        waits=(_ANSWER,), handed=0.3,
    ),
    Matter(
        "C", 12, {"kind": "complaint"},
        ("Arrived broken", "Driver left it in the rain", "Colour is not the one shown"),
        {"email": 60, "phone": 25, "web": 15}, {"high": 30, "normal": 70}, ("claims",), "mail",
        70, 90, waits=(_ANSWER, _WAREHOUSE), handed=0.3, asks=0.45, raised=0.1, reopened=0.15,
        forgotten=0.1,
    ),
    Matter(
        "O", 12, {"kind": "order"},
        ("Will it be here for the party?", "Ready for collection?"),
        {"web": 100}, _PRIORITIES, ("front-desk",), "mail", 60, 150, asks=0.2, waits=(_SEARCH,),
        done={"status": "delivered"}, more=_promised,
    ),
    Matter(
        "O", 7, {"kind": "order", "tags": ["change"]},
        ("Other address, please", "One more of it"),
        {"phone": 50, "chat": 30, "email": 20}, _PRIORITIES, ("front-desk",), "voice", 25, 100,
        waits=(_WAREHOUSE,), asks=0.1,
    ),
    Matter(
        "O", 16, {"kind": "order"},
        ("Where is it?", "Only half of it came", "Says delivered, is not"),
        _WRITTEN, _PRIORITIES, ("front-desk",), "mail", 120, 80, waits=(_SEARCH, _WAREHOUSE),
        handed=0.25,
    ),
    Matter(
        "R", 12, {"kind": "return"},
        ("Too small", "Sent back, where is my money?", "Changed my mind"),
        _WRITTEN, _PRIORITIES, ("finance",), "mail", 150, 120, waits=(_SEARCH, _WAREHOUSE),
        done={"status": "refunded"}, more=_returned,
    ),
    Matter(
        "E", 14, {"kind": "enquiry"},
        ("Does it fit a 28 inch wheel?", "Is it washable?", "In blue?"),
        {"chat": 75, **_SOCIAL}, _PRIORITIES, ("front-desk", "social"), "screen", 2.5, 8,
        asks=0.6, handed=0.05,
    ),
    Matter(
        "E", 12, {"kind": "enquiry"},
        ("I cannot pay", "Which voucher?", "Please call me"),
        {"phone": 100}, _PRIORITIES, ("front-desk",), "voice", 4, 15, asks=0.1,
    ),
    Matter(
        "E", 20, {"kind": "enquiry"},
        ("A bill for the company", "Three of them by May?", "Ingredients"),
        {"email": 75, "web": 25}, _PRIORITIES, ("front-desk",), "mail", 160, 40, waits=(_ANSWER,),
        forgotten=0.1, asks=0.3,
    ),
    Matter(
        "P", 3, {"kind": "praise"}, ("So fast!", "Lovely parcel"), _CHANNELS, {"low": 100},
        ("front-desk",), "mail", 120, 5, asks=0,
    ),
)  # fmt: skip

BUSINESS: Final = Business(
    name="shop",
    source="shop-desk",
    start="2025-11-28T00:00:00+01:00",
    end="2025-11-29T00:00:00+01:00",
    count=400,
    rhythm=Rhythm(
        hours=HOME,
        weekdays=(1.2, 1.0, 1.0, 1.0, 1.0, 0.8, 0.9),
        season={"11": 1.4, "11-28": 3, "12-01": 2.5, "12": 1.8, "12-24": 0.6, "12-25": 0.3},
    ),
    matters=_MATTERS,
    customer=_customer,
    people={
        "": ("nele", "sam"),
        "front-desk": ("mika", "lena", "oskar", "yusuf"),
        "warehouse": ("bo", "ria"),
        "finance": ("ada",),
        "claims": ("vera", "nils"),
    },
    pick_up={"phone": 14, "chat": 40},
    bots=("email", "web"),
)
