"""The JSON Schema of policy files, from the tables that the parser itself reads with.

An editor that has it completes keys and fixed words and marks the others. What the schema refuses
the check refuses too; the check also knows what a schema cannot: names, conditions, dates.
"""

from __future__ import annotations

from typing import Final

from sla_engine.policy import calendars, clocks, customers, declarations, options
from sla_engine.policy.parse import MAINTENANCE_KEYS, TOP_KEYS
from sla_engine.policy.schema_clocks import clock, clock_definition, option_values, policy
from sla_engine.policy.schema_forms import (
    ATTRIBUTE,
    FLAG,
    TEXT,
    Schema,
    by_name,
    keyed,
    like,
    listed,
    one_or_more,
    or_nothing,
    some,
    span,
    texts,
    valid,
    words,
)
from sla_engine.policy.schema_words import WORDS
from sla_engine.policy.vocabulary import ALWAYS_OPEN, PARTIES, RESERVED_RECIPIENTS, STATUS_CLASSES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> Schema:
    """The schema of one policy file; nothing is required, since several files are one document."""
    top = {
        "attributes": by_name(_attribute(), names=ATTRIBUTE),
        "priorities": {"anyOf": [some(TEXT), by_name(or_nothing(texts()))]},
        "statuses": by_name(words(STATUS_CLASSES)),
        "calendars": by_name(_calendar(), but=[ALWAYS_OPEN]),
        "customers": _customers(),
        "recipients": by_name(_recipient(), but=RESERVED_RECIPIENTS),
        "maintenance": listed(
            keyed("maintenance", MAINTENANCE_KEYS, span() | {"when": TEXT}, ["from", "to"])
        ),
        "sets": by_name(_set()),
        "defaults": keyed("option", options.OPTION_KEYS, option_values()),
        "policies": listed(policy()),
    }
    return {
        "$schema": DIALECT,
        "title": "SLA engine: a policy file",
        **keyed("top", TOP_KEYS, top),
        "$defs": {
            clock_definition(kind): clock(kind) for kind in (*clocks.NAMED_KINDS, clocks.CUSTOM)
        },
    }


def _attribute() -> Schema:
    kinds = words(declarations.ATTRIBUTE_TYPES)
    values = {"type": kinds, "values": listed(TEXT), "default": TEXT, "personal": FLAG}
    return {"anyOf": [kinds, keyed("attribute", declarations.ATTRIBUTE_KEYS, values)]}


def _calendar() -> Schema:
    zone = {"from": words(["time_zone"]), "default": TEXT}
    day = "|".join(calendars.DAYS)
    intervals = one_or_more(like(calendars.INTERVAL.pattern))
    country = dict.fromkeys(calendars.COUNTRY_KEYS, TEXT)
    holiday: Schema = {
        "anyOf": [
            like(f"{calendars.DATE.pattern}|{calendars.YEARLY.pattern}"),
            keyed("holiday", calendars.COUNTRY_KEYS, country, ["country"]),
            keyed("holiday", calendars.FEED_KEYS, {"ical": TEXT}, ["ical"]),
        ]
    }
    values = {
        "time_zone": {
            "anyOf": [TEXT, keyed("zone", calendars.ZONE_KEYS, zone, calendars.ZONE_KEYS)]
        },
        "hours": by_name(intervals, names=f"(?:{day})(?:-(?:{day})?)?"),
        "holidays": one_or_more(holiday),
        "dates": by_name(intervals, names=calendars.DATE.pattern),
    }
    return keyed("calendar", calendars.CALENDAR_KEYS, values, ["time_zone"])


def _customers() -> Schema:
    values = {key: TEXT for key in customers.CUSTOMER_KEYS if key != "valid"}
    customer = keyed("customer", customers.CUSTOMER_KEYS, values | {"valid": valid()})
    file = {"description": WORDS["customer.file"], "anyOf": [TEXT, customer]}
    return by_name(customer) | {"properties": {"file": file}}


def _recipient() -> Schema:
    return keyed("recipient", declarations.RECIPIENT_KEYS, {"via": texts(), "description": TEXT})


def _set() -> Schema:
    values = {
        "match": words(declarations.MATCHES, default=True),
        "party": words(PARTIES, default=True),
    }
    return keyed("set", declarations.SET_KEYS, values)
