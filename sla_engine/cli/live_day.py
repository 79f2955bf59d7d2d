"""A courier's day as events: stories that are always the same, and the seeded rest of the day.

`sla-engine demo` tells it live. `python -m sla_engine.cli.live_day --seed 7` writes it as JSON
lines, for `sla-engine replay` with the policies in scenarios/courier.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import click
import orjson

from sla_engine.event.times import format_time, parse_time_text

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
#: 08:00 in Berlin on a Tuesday; the day is told until 18:00.
DAY_START_MS: Final = parse_time_text("2026-03-10T07:00:00Z")
DAY_MS: Final = 10 * HOUR
SOURCE: Final = "courier-desk"

CUSTOMS, GOLD, BOUNCED, LEFT_ALONE, OFFLINE = "PX-5510", "PX-7731", "OR-2208", "CM-0417", "QY-3340"


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the day: `event` happens at `at_ms`, the log gets it at `sent_ms`.

    Both count from the start of the day. `line` is what the story says, "" = nothing.
    """

    at_ms: int
    sent_ms: int
    event: dict[str, Any]
    line: str = ""

    @property
    def incident(self) -> str:
        return str(self.event["subject"])


@dataclass
class Day:
    """Collects the events of a day and numbers them."""

    told: list[Told] = field(default_factory=list)

    def add(
        self,
        incident: str,
        at: int,
        kind: str,
        line: str = "",
        /,
        *,
        sent: int | None = None,
        **data: Any,
    ) -> None:
        """An event `at` minutes of the day; `sent` when it reaches the log later."""
        at_ms = at * MINUTE
        event = {
            "specversion": "1.0",
            "id": f"{incident}-{len(self.told) + 1}",
            "source": SOURCE,
            "type": f"incident.{kind}",
            "subject": incident,
            "time": format_time(DAY_START_MS + at_ms),
            "data": data,
        }
        self.told.append(Told(at_ms, (at if sent is None else sent) * MINUTE, event, line))

    def in_order(self) -> list[Told]:
        """As the log gets them."""
        return sorted(self.told, key=lambda told: told.sent_ms)


def courier_day(seed: int) -> list[Told]:
    """The whole day, in the order in which the log gets it."""
    day = Day()
    _stories(day)
    _the_rest(day, Random(seed))  # noqa: S311  # a story, no secret
    return day.in_order()


def minute(clock: str) -> int:
    """Minutes from the start of the day: "09:30" is 90."""
    hours, minutes = clock.split(":")
    return (int(hours) - 8) * 60 + int(minutes)


def _stories(day: Day) -> None:
    def tell(incident: str, clock: str, kind: str, line: str, /, **data: Any) -> None:
        sent = data.pop("sent", None)
        day.add(
            incident, minute(clock), kind, line, sent=None if sent is None else minute(sent), **data
        )

    tell(CUSTOMS, "08:20", "created", "MEDILAB's parcel is stopped: customs wants papers",
         title="Parcel held at Leipzig customs, papers missing", kind="customs",
         customer="MEDILAB", channel="e-mail", team="customs-desk", priority="P2")  # fmt: skip
    tell(CUSTOMS, "08:45", "commented", "the customs desk answers and sends the papers in",
         author="agent", author_id="ines")  # fmt: skip
    tell(CUSTOMS, "09:00", "updated", "now it is the office's turn: our clock stands still",
         status="at_customs", vendor="customs-office")  # fmt: skip
    tell(CUSTOMS, "15:30", "updated", "released: our clock goes on where it stood", status="open")
    tell(CUSTOMS, "16:20", "resolved", "handed to the van")

    tell(GOLD, "08:30", "created", "ACME's parcel missed the night plane; nobody there knows yet",
         title="Spare part missed the night plane to Lisbon", kind="delivery_exception",
         customer="ACME", channel="tracking", team="air-desk", priority="P2")  # fmt: skip
    tell(GOLD, "08:35", "commented", "a bot tells ACME that it is being looked at", author="bot")
    tell(GOLD, "12:45", "commented", "ACME writes back: thank you for telling us, noon is fine",
         author="customer", author_id="orders@acme")  # fmt: skip
    tell(GOLD, "13:10", "resolved", "on the noon plane")

    tell(BOUNCED, "09:30", "created", "KRAFTWERK is billed twice and asks why",
         title="Charged twice for one pallet", kind="order", customer="KRAFTWERK",
         channel="phone", team="front-desk", priority="P3")  # fmt: skip
    tell(BOUNCED, "09:50", "updated", "not ours, says the front desk: to the depot", team="depot")
    tell(BOUNCED, "11:50", "updated", "not ours, says the depot: to invoices", team="invoices")
    tell(BOUNCED, "14:30", "updated", "invoices gives it back to the depot", team="depot")
    tell(BOUNCED, "15:00", "resolved", "the depot finds the second weighing slip")

    tell(LEFT_ALONE, "09:40", "created", "OBSTHOF complains, and the desk is busy",
         title="Cherries left in the sun again", kind="complaint", customer="OBSTHOF",
         channel="web", team="claims", priority="P2")  # fmt: skip
    tell(LEFT_ALONE, "13:55", "acknowledged", "the head of support takes it", by="olga")
    tell(LEFT_ALONE, "16:40", "commented", "and OBSTHOF gets its answer",
         author="agent", author_id="olga")  # fmt: skip
    tell(LEFT_ALONE, "17:20", "resolved", "paid and apologised for")

    tell(OFFLINE, "10:20", "created", "SEGLER asks where its sails are",
         title="Where are our sails?", kind="complaint", customer="SEGLER", channel="phone",
         team="sea-desk", priority="P3")  # fmt: skip
    tell(OFFLINE, "10:55", "commented", "an answer given at 10:55 on a ship arrives only now",
         sent="12:10", author="agent", author_id="jonas")  # fmt: skip
    tell(OFFLINE, "12:40", "resolved", "the sails are in Kiel")


#: kind -> (prefix, teams, titles); the rest of the day is drawn from these.
_MATTERS: Final[dict[str, tuple[str, Sequence[str], Sequence[str]]]] = {
    "delivery_exception": ("PX", ("air-desk", "depot", "night-line"), (
        "Flight cancelled, parcel waits in Porto", "Van broke down near Bremen",
        "Address does not exist", "Label torn off in the sorter", "Frost: no ferry to the island",
    )),
    "customs": ("PX", ("customs-desk",), (
        "Invoice value missing", "Tariff number is for shoes, box has seeds",
        "Importer not registered", "Certificate of origin asked for",
    )),
    "shipment": ("SH", ("front-desk", "depot"), (
        "Deliver to the back door", "Collect two pallets today", "Change the delivery time",
        "Needs a lift truck",
    )),
    "invoice": ("IN", ("invoices",), (
        "Fuel charge unclear", "Credit note not seen", "Wrong VAT number", "Paid, but reminded",
    )),
    "complaint": ("CM", ("claims",), (
        "Box arrived open", "Driver did not ring", "Third delay this month",
    )),
    "order": ("OR", ("front-desk", "depot"), (
        "New collection address", "Quote for forty parcels", "Add insurance", "Price per kilo?",
    )),
}  # fmt: skip
_WEIGHTS: Final = (26, 12, 24, 16, 8, 34)
_CUSTOMERS: Final = ("ACME", "NORDLICHT", "MEDILAB", "BUCHHAUS", "KRAFTWERK", "OBSTHOF", "SEGLER")
_CHANNELS: Final = ("phone", "e-mail", "chat", "web", "tracking")
_PRIORITIES: Final = ("P1", "P2", "P3", "P3", "P3", "P4")
_PARTNERS: Final = ("nordbahn", "alpencargo", "meerlinie")


def _the_rest(day: Day, random: Random) -> None:
    """About 160 other matters: most go well, some wait, some change hands, some are forgotten."""
    for number in range(160):
        kind = random.choices(tuple(_MATTERS), _WEIGHTS)[0]
        prefix, teams, titles = _MATTERS[kind]
        opened = random.randrange(5, 9 * 60)
        incident = f"{prefix}-{9000 + number}"
        data: dict[str, Any] = {
            "title": random.choice(titles),
            "kind": kind,
            "customer": random.choice(_CUSTOMERS),
            "channel": random.choice(_CHANNELS),
            "priority": random.choice(_PRIORITIES),
            "team": random.choice(teams),
        }
        if kind == "shipment":
            promised = DAY_START_MS + (opened + random.randrange(60, 400)) * MINUTE
            data["custom"] = {"promised_at": format_time(promised)}
        if kind == "invoice":
            data["custom"] = {"value_eur": random.randrange(40, 30_000)}
        day.add(incident, opened, "created", **data)
        _course(day, random, incident, opened, kind)
    _twice_and_broken(day, random)


def _course(day: Day, random: Random, incident: str, opened: int, kind: str) -> None:
    """What happens to one matter; what would happen after the day is left out."""
    at = opened + int(random.expovariate(1 / 35)) + 2
    steps: list[tuple[str, dict[str, Any]]] = [("commented", {"author": "agent"})]
    if kind == "customs":
        steps += [("updated", {"status": "at_customs"}), ("updated", {"status": "open"})]
    elif random.random() < 0.2:
        partner = random.choice(_PARTNERS)
        steps += [("updated", {"status": "at_carrier", "vendor": partner})]
        steps += [("updated", {"status": "open"})]
    elif random.random() < 0.3:
        steps += [("updated", {"status": "pending"}), ("commented", {"author": "customer"})]
        steps += [("updated", {"status": "open"}), ("commented", {"author": "agent"})]
    if random.random() < 0.3:
        steps.insert(1, ("updated", {"team": random.choice(("front-desk", "depot", "claims"))}))
    if random.random() < 0.85:
        steps.append(("resolved", {}))
    for kind_of_event, data in steps:
        if at >= 10 * 60:
            return
        late = random.choice((3, 10, 25)) if random.random() < 0.03 else 0
        day.add(incident, at, kind_of_event, sent=min(at + late, 10 * 60 - 1), **data)
        at += int(random.expovariate(1 / 50)) + 3


def _twice_and_broken(day: Day, random: Random) -> None:
    """A few events come twice, and one comes without what it needs."""
    for told in random.sample(day.told, 6):
        later = min(told.sent_ms + 4 * MINUTE, DAY_MS - MINUTE)
        day.told.append(Told(told.at_ms, later, told.event))
    day.add(BOUNCED, minute("10:30"), "commented", text="who wrote this?")


def lines(told: Iterable[Told]) -> Iterator[bytes]:
    """The events as JSON lines."""
    for each in told:
        yield orjson.dumps(each.event) + b"\n"


@click.command()
@click.option("--seed", type=int, default=7, show_default=True)
def main(seed: int) -> None:
    """Write the day's events to stdout."""
    sys.stdout.buffer.writelines(lines(courier_day(seed)))


if __name__ == "__main__":
    main()
