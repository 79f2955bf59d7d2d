"""A courier's day as events: stories that are always the same, and the seeded rest of the day.

`sla-engine demo` tells it live. `python -m sla_engine.cli.live_day --seed 7` writes it as JSON
lines, for `sla-engine replay` with the policies in scenarios/courier.
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any, Final

import click

from sla_engine.event.times import parse_time_text
from sla_engine.scenario.courier.events import BUSINESS
from sla_engine.scenario.drawn import disturb, drawn
from sla_engine.scenario.told import Record, Told, lines

__all__ = ["DAY_MS", "DAY_START_MS", "HOUR", "MINUTE", "Told", "courier_day", "lines", "minute"]

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
#: 08:00 in Berlin on a Tuesday; the day is told until 18:00.
DAY_START_MS: Final = parse_time_text(BUSINESS.start)
DAY_MS: Final = 10 * HOUR
_LATE: Final = 0.03

CUSTOMS, GOLD, BOUNCED, LEFT_ALONE, OFFLINE = "PX-5510", "PX-7731", "OR-2208", "CM-0417", "QY-3340"


def courier_day(seed: int) -> list[Told]:
    """The whole day, in the order in which the log gets it."""
    random = Random(seed)
    record = Record(BUSINESS.source, DAY_START_MS, drawn(BUSINESS, seed))
    _twice_and_broken(record, random)
    _stories(record)
    return record.in_order()


def minute(clock: str) -> int:
    """Minutes from the start of the day: "09:30" is 90."""
    hours, minutes = clock.split(":")
    return (int(hours) - 8) * 60 + int(minutes)


def _stories(record: Record) -> None:
    def tell(incident: str, clock: str, kind: str, line: str, /, **data: Any) -> None:
        sent = data.pop("sent", None)
        sent_ms = None if sent is None else minute(sent) * MINUTE
        record.add(incident, minute(clock) * MINUTE, kind, data, sent_ms=sent_ms, line=line)

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


def _twice_and_broken(record: Record, random: Random) -> None:
    """Some events come late, six come twice, and one comes without what it needs."""
    disturb(record, random, DAY_MS, late=_LATE, twice=6)
    at_ms = minute("10:30") * MINUTE
    record.add(BOUNCED, at_ms, "commented", {"text": "who wrote this?"})


@click.command()
@click.option("--seed", type=int, default=7, show_default=True)
def main(seed: int) -> None:
    """Write the day's events to stdout."""
    sys.stdout.buffer.writelines(lines(courier_day(seed)))


if __name__ == "__main__":
    main()
