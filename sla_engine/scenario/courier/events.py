"""What happens at a courier's desks on an ordinary day, beside the stories of the demo."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from sla_engine.event.times import format_time
from sla_engine.limits import MINUTE_MS
from sla_engine.scenario.arrivals import Rhythm
from sla_engine.scenario.business import Business, Matter, Wait

_CUSTOMERS: Final = ("ACME", "NORDLICHT", "MEDILAB", "BUCHHAUS", "KRAFTWERK", "OBSTHOF", "SEGLER")
_CHANNELS: Final = {"phone": 1, "e-mail": 1, "chat": 1, "web": 1, "tracking": 1}
_PRIORITIES: Final = {"P1": 1, "P2": 1, "P3": 3, "P4": 1}

_CUSTOMS: Final = Wait(0.95, 0.8, {"status": "at_customs"}, {"status": "open"})
_CARRIER: Final = Wait(
    0.2, 1.1, {"status": "at_carrier"}, {"status": "open"}, ("nordbahn", "alpencargo", "meerlinie")
)
_PENDING: Final = Wait(0.25, 0.7, {"status": "pending"}, {"status": "open"}, customer=True)


def _customer(random: Random) -> tuple[str, str]:
    return random.choice(_CUSTOMERS), "Europe/Berlin"


def _promised(random: Random, at_ms: int) -> dict[str, Any]:
    return {"custom": {"promised_at": format_time(at_ms + random.randrange(60, 400) * MINUTE_MS)}}


def _billed(random: Random, at_ms: int) -> dict[str, Any]:
    return {"custom": {"value_eur": random.randrange(40, 30_000)}}


_MATTERS: Final = (
    Matter(
        "PX", 26, {"kind": "delivery_exception"},
        ("Flight cancelled, parcel waits in Porto", "Van broke down near Bremen",
         "Address does not exist", "Label torn off in the sorter", "Frost: no ferry to the island"),
        _CHANNELS, _PRIORITIES, ("air-desk", "depot", "night-line"), "desk", 28, 55,
        waits=(_CARRIER, _PENDING), handed=0.3,
    ),
    Matter(
        "PX", 12, {"kind": "customs"},
        ("Invoice value missing", "Tariff number is for shoes, box has seeds",
         "Importer not registered", "Certificate of origin asked for"),
        _CHANNELS, _PRIORITIES, ("customs-desk",), "desk", 28, 45, waits=(_CUSTOMS,), handed=0.2,
    ),
    Matter(
        "SH", 24, {"kind": "shipment"},
        ("Deliver to the back door", "Collect two pallets today", "Change the delivery time",
         "Needs a lift truck"),
        _CHANNELS, _PRIORITIES, ("front-desk", "depot"), "desk", 25, 90, waits=(_CARRIER,),
        more=_promised,
    ),
    Matter(
        "IN", 16, {"kind": "invoice"},
        ("Fuel charge unclear", "Credit note not seen", "Wrong VAT number", "Paid, but reminded"),
        _CHANNELS, _PRIORITIES, ("invoices",), "desk", 40, 70, waits=(_PENDING,), more=_billed,
    ),
    Matter(
        "CM", 8, {"kind": "complaint"},
        ("Box arrived open", "Driver did not ring", "Third delay this month"),
        _CHANNELS, _PRIORITIES, ("claims",), "desk", 30, 60, waits=(_PENDING,), handed=0.25,
        asks=0.4, forgotten=0.15,
    ),
    Matter(
        "OR", 34, {"kind": "order"},
        ("New collection address", "Quote for forty parcels", "Add insurance", "Price per kilo?"),
        _CHANNELS, _PRIORITIES, ("front-desk", "depot"), "desk", 28, 45,
        waits=(_CARRIER, _PENDING), handed=0.25,
    ),
)  # fmt: skip

BUSINESS: Final = Business(
    name="courier",
    source="courier-desk",
    start="2026-03-10T08:00:00+01:00",
    end="2026-03-10T18:00:00+01:00",
    count=160,
    rhythm=Rhythm(season={"11": 1.2, "12": 1.7}),
    matters=_MATTERS,
    customer=_customer,
    people={
        "": ("ines", "jonas"),
        "front-desk": ("emre", "lou"),
        "depot": ("karl", "suse"),
        "claims": ("olga", "finn"),
    },
    urgent="P1",
)
