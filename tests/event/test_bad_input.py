"""The table of bad input (contracts section 1), as far as one event decides it alone.

Every case is refused with its code and a message that names what, where and how to mend it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sla_engine.event.layout import DeadCode
from tests.event.samples import DECODER, batch_of, decode, event, raw, verdict

DEEP = "[" * 32 + "]" * 32
LATEST_MS = 1_772_446_530_123  # the instant of `event()`


def of(data: Any, type: str = "incident.updated", **attributes: Any) -> Any:
    return event(type, data, **attributes)


OVERRIDE: dict[str, Any] = {"clock": "resolution", "reason": "agreed", "actor": "kim"}
RANGE = {"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T11:00:00Z"}

#: Not UTF-8 (alone, overlong, a surrogate, beyond U+10FFFF, cut short), not JSON.
BAD_TEXTS = [b"\xff", b"\x80", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80"]
BAD_TEXTS += [
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\n",
]
BAD_TEXTS += [b"\\", b"\\x41", b"\\u12g4", b"\\u123", b"\\ud800", b"\\udc00", b"\\ud800\\u0041"]
CASES: dict[str, list[Any]] = {
    "NOT_JSON": [
        b"",
        b" \n",
        b"{",
        b"hello",
        b"{'id': 1}",
        raw(event()) + b"}",
        raw(event())[:-1],
        raw(event()).replace(b",", b",,", 1),
        raw(event(id="x")).replace(b'"x"', b'"\xff"'),
        raw(event(id="x")).replace(b'"x"', b'"\xed\xa0\x80"'),
        raw(event(id="x")).replace(b'"x"', b'"\\ud800"'),
        *(raw(of({"title": "x"})).replace(b'"x"', b'"' + text + b'"') for text in BAD_TEXTS),
        raw(event(id="x")).replace(b'"x"', b'"a\tb"'),
        raw(event(id="x")).replace(b'"x"', b'"\\x41"'),
        raw(of({"csat": 1})).replace(b":1}", b":01}"),
        raw(of({"csat": 1})).replace(b":1}", b":NaN}"),
        b"\xef\xbb\xbf" + raw(event()),
    ],
    "NOT_CLOUDEVENT": [
        [],
        "text",
        4711,
        None,
        [event()],
        {},
        event(specversion=...),
        event(specversion="0.3"),
        event(specversion=1.0),
        event(id=...),
        event(id=""),
        event(id=7),
        event(source=...),
        event(type=...),
        event(subject=...),
        event(subject=None),
    ],
    "UNKNOWN_TYPE": [event("incident.exploded"), event("Incident.created"), event("created")],
    "NO_TIME": [
        event(time=...),
        event(time=None),
        event(time="2026-03-02T10:15:30"),
        event(time="2026-02-30T10:15:30Z"),
        event(time="today"),
        event(time=1_772_446_530_123),
    ],
    "TIME_RANGE": [
        event(time="1989-12-31T23:59:59.999Z"),
        event(time="2100-01-01T00:00:00Z"),
        event(time="1990-01-01T00:59:59+01:00"),
    ],
    "TIME_IN_FUTURE": [event(time="2026-03-02T10:15:30.124Z")],
    "TOO_LARGE": [of({"title": "x" * 65_536}), b" " * 65_537, b"{" + b"x" * 70_000],
    "TOO_DEEP": [
        of({"unknown": json.loads(DEEP)}),
        b"[" * 33,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
    "BAD_ID": [
        event(id="x" * 256),
        event(source="é" * 128),
        event(subject="a\nb"),
        event(id="\x7f"),
        event(id="\x85"),
        event(tenant="t" * 256),
        event(tenant="a\0b"),
        of({"into": "x" * 256}, "incident.merged"),
        of({"into": ""}, "incident.merged"),
    ],
    "TOO_LONG": [
        of({"url": "x" * 1025}),
        of({"team": "é" * 513}),
        of({"tags": ["t"] * 33}),
        of({"tags": ["t" * 1025]}),
        of({"custom": {f"m{i}": i for i in range(33)}}),
        of({"custom": {"m": "x" * 1025}}),
        of({"custom": {"m" * 1025: 1}}),
    ],
    "BAD_VALUE": [
        of(None) | {"data": []},
        of(None) | {"data": "text"},
        event(data_base64="e30="),
        event(tenant=True),
        event(sequence="first"),
        event(sequence="-1"),
        event(sequence="1.5"),
        event(sequence=""),
        event(sequence=str(2**63)),
        event(sequence=[]),
        of({"priority": True}),
        of({"priority": ["high"]}),
        of({"team": {"name": "noc"}}),
        of({"due": "tomorrow"}),
        of({"due": 1_772_446_530_123}),
        of({"due": "2026-03-02T10:15:30"}),
        of({"opened_at": "1980-01-01T00:00:00Z"}),
        of({"tags": "vip"}),
        of({"tags": ["a", None]}),
        of({"tags": ["a\x1fb"]}),
        of({"custom": "text"}),
        of({"custom": {"nested": {"a": 1}}}),
        of({"custom": {"list": [1]}}),
        raw(of({"custom": {"big": 1}})).replace(b":1}", b":1e400}"),
        raw(of({"x": 1})).replace(b":1}", b":" + b"9" * 5000 + b"}"),
        of({"author": "robot"}, "incident.commented"),
        of({"author": 2}, "incident.commented"),
        of({"author": "agent", "public": "no"}, "incident.commented"),
        of({}, "incident.snoozed"),
        of({"until": None}, "incident.snoozed"),
        of({}, "incident.merged"),
        of({"opened_at": RANGE["from"]}, "incident.absorbed"),
        of({"from": "1", "opened_at": RANGE["from"], "absorbed": "2"}, "incident.absorbed"),
        of({"set": "ola"}, "incident.acknowledged"),
        of({}, "incident.rated"),
        of({"csat": 0}, "incident.rated"),
        of({"csat": 6}, "incident.rated"),
        of({"nps": 11}, "incident.rated"),
        of({"nps": -1}, "incident.rated"),
        of({"ces": 8}, "incident.rated"),
        of({"csat": 4.5}, "incident.rated"),
        of({"csat": "5"}, "incident.rated"),
        of(OVERRIDE, "clock.overridden"),
        of(OVERRIDE | {"due": RANGE["to"], "unpin": True}, "clock.overridden"),
        of(OVERRIDE | {"unpin": False}, "clock.overridden"),
        of(OVERRIDE | {"exclude": {"from": RANGE["from"]}}, "clock.overridden"),
        of(OVERRIDE | {"exclude": {"from": RANGE["to"], "to": RANGE["from"]}}, "clock.overridden"),
        of({"unpin": True}, "clock.overridden"),
        of({"valid": "always"}, "customer.updated"),
        of({"hash": "abc"}, "policy.published", subject="policies"),
        of({"hash": "a", "effective_from": RANGE["to"]}, "policy.published", subject="p"),
        of({}, "sla.time", subject="clock"),
    ],
    "NO_AUTHOR": [
        of({}, "incident.commented"),
        of({"author": None}, "incident.commented"),
        event("incident.commented", data=...),
    ],
    "MERGED": [
        of({"into": "4711"}, "incident.merged"),
        of({"from": "4711", "opened_at": RANGE["from"]}, "incident.absorbed"),
        of(
            {"from": "1", "opened_at": RANGE["from"], "absorbed": ["2", "4711"]},
            "incident.absorbed",
        ),
    ],
}


@pytest.mark.parametrize(
    ("code", "value"), [(code, value) for code, values in CASES.items() for value in values]
)
def test_bad_input_is_refused_with_its_code(code: str, value: Any) -> None:
    assert verdict(value, LATEST_MS) == code


@pytest.mark.parametrize("code", list(CASES))
def test_the_message_says_what_where_and_how_to_mend_it(code: str) -> None:
    for value in CASES[code]:
        batch = decode(value, latest_ms=LATEST_MS)
        assert list(batch.messages) == [0]
        assert "; " in batch.messages[0] or ": must be" in batch.messages[0]


def test_a_record_without_a_value_is_a_dead_letter_too() -> None:
    batch = DECODER.decode(batch_of([raw(event()), None, raw(event())]))
    assert batch.events["code"].tolist() == [0, DeadCode.NOT_JSON, 0]


@pytest.mark.parametrize(
    ("value", "first"),
    [
        (event("nope", time="never", id="x" * 300), "UNKNOWN_TYPE"),
        (event(time="never", id="x" * 300), "NO_TIME"),
        (of({"url": "x" * 2000, "due": 1}, id="x" * 300), "BAD_ID"),
        (of({"due": 1, "url": "x" * 2000}), "TOO_LONG"),
        (of({"due": 1}, "incident.commented"), "BAD_VALUE"),
        (of({"into": "4711", "due": 1}, "incident.merged"), "BAD_VALUE"),
        (b"[" * 70_000, "TOO_LARGE"),
        (b"[" * 40, "TOO_DEEP"),
    ],
)
def test_of_several_faults_the_first_of_the_table_is_told(value: Any, first: str) -> None:
    assert verdict(value) == first


ACCEPTED: list[Any] = [
    event(),
    event(data=...),
    event(data=None) | {"data": None},
    event(tenant=None, sequence=None),
    event(tenant=""),
    event(tenant=7),
    event(sequence=7),
    event(sequence="007"),
    event(time="2026-03-02T10:15:30.123999Z"),
    event(time="1990-01-01T00:00:00Z"),
    event(id="x" * 255, source="é" * 127),
    event(datacontenttype="application/json", dataschema="https://example.com/s", traceparent="x"),
    of({"title": "x" * 5000}),
    of({"tags": ["t"] * 32, "custom": {f"m{i}": i for i in range(32)}}),
    of({"team": "é" * 512}),
    of({"unknown": json.loads(DEEP[2:-2]), "another": None}),
    of({"title": "a\nb\x7fc", "team": ""}),
    of({"by": "kim"}, "incident.acknowledged"),
    of({}, "incident.acknowledged"),
    of({"alert": "default/4711/default/resolution/1/80%"}, "incident.acknowledged"),
    of({"set": "ola", "clock": "ownership", "until": RANGE["to"]}, "incident.acknowledged"),
    of({"csat": 5.0, "nps": 0}, "incident.rated"),
    of({"from": "1", "opened_at": RANGE["from"], "absorbed": ["2", 3]}, "incident.absorbed"),
    of(OVERRIDE | {"due": RANGE["to"]}, "clock.overridden"),
    of(OVERRIDE | {"unpin": True}, "clock.overridden"),
    of(OVERRIDE | {"exclude": RANGE}, "clock.overridden"),
    of({"tier": "gold", "valid": {"from": RANGE["from"]}, "team": None}, "customer.updated"),
    of({"valid": None}, "customer.updated", subject="ACME"),
    of({"hash": "a", "effective_from": RANGE["to"]}, "policy.published", subject="policies"),
    of({}, "sla.time", subject="time"),
    event("sla.time", data=..., subject="time"),
    of({"author": 5, "until": 7, "csat": "x"}),
]


@pytest.mark.parametrize("value", ACCEPTED)
def test_what_the_table_does_not_list_is_accepted(value: Any) -> None:
    assert verdict(value, LATEST_MS) == "ACCEPTED"


def test_the_time_of_sla_time_may_lie_ahead() -> None:
    ahead = event("sla.time", {}, subject="time", time="2030-01-01T00:00:00Z")
    assert verdict(ahead, LATEST_MS) == "ACCEPTED"
    assert verdict(event(time="2030-01-01T00:00:00Z")) == "ACCEPTED"
