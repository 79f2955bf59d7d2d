"""What happens in a bicycle shop of three people."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from sla_engine.event.times import format_time
from sla_engine.limits import HOUR_MS
from sla_engine.scenario.arrivals import Rhythm
from sla_engine.scenario.business import Business, Matter, Wait

_CHANNELS: Final = {"phone": 45, "email": 35, "counter": 20}


def _customer(random: Random) -> tuple[str, str]:
    return random.choice(("anna", "bela", "chris", "dora", "emil", "fatma")), "Europe/Berlin"


def _promised(random: Random, at_ms: int) -> dict[str, Any]:
    """Ready this afternoon, or in a day or two."""
    hours = random.choice((3, 5, 5, 26, 50))
    return {"custom": {"promised_at": format_time(at_ms + hours * HOUR_MS)}}


_MATTERS: Final = (
    Matter(
        "B", 4, {"kind": "repair"}, ("Brakes", "Flat tyre", "It creaks"), {"counter": 100},
        {"normal": 100}, ("workshop",), "shop", 30, 140, handed=0, more=_promised,
        waits=(Wait(0.25, 20, {"status": "waiting_vendor"}, {"status": "open"}, ("nabenwerk",)),),
    ),
    Matter(
        "B", 1, {"kind": "complaint"}, ("The chain came off again", "The lamp does not work"),
        _CHANNELS, {"high": 40, "normal": 60}, ("shop",), "shop", 60, 90, handed=0.1,
        forgotten=0.25,
    ),
    Matter(
        "B", 5, {"kind": "enquiry"}, ("Do you have child seats?", "Open on Saturday?", "A quote"),
        _CHANNELS, {"normal": 100}, ("shop",), "shop", 120, 15, handed=0.05, forgotten=0.12,
    ),
)  # fmt: skip

BUSINESS: Final = Business(
    name="shop/small",
    source="bicycle-shop",
    start="2025-11-11T00:00:00+01:00",
    end="2025-11-13T00:00:00+01:00",
    count=40,
    rhythm=Rhythm(weekdays=(0.6, 1, 1, 1, 1.1, 1.2, 0.1), season={"03": 1.5, "04": 2, "12": 0.5}),
    matters=_MATTERS,
    customer=_customer,
    people={"": ("owner", "jule"), "workshop": ("piet",), "shop": ("owner", "jule")},
)
