"""The content hash is equal exactly when type, subject, time and data are equal JSON values."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest

from sla_engine.event.members import ALLOWED, DATA, TYPES
from tests.event.samples import MEMBERS, decode, event, raw, some_event, some_text, write


def content(value: Any) -> int:
    batch = decode(value)
    assert not batch.messages, batch.messages
    return int(batch.events["content"][0])


def typed(value: Any) -> Any:
    """A JSON value so that Python's == is equality of JSON: 1 is 1.0 but neither true nor "1"."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return (isinstance(value, bool), isinstance(value, str), value)


def meaning(value: dict[str, Any]) -> Any:
    """What the hash stands for: unknown members of `data` are ignored (contracts section 1)."""
    allowed = ALLOWED[TYPES[value["type"]]]
    data = {
        name: item
        for name, item in (value.get("data") or {}).items()
        if name in DATA and allowed >> DATA[name][0] & 1
    }
    for name in ("exclude", "valid"):
        if data.get(name):
            data[name] = {end: data[name][end] for end in ("from", "to") if end in data[name]}
    if data.get("custom"):
        data["custom"] = {name: item for name, item in data["custom"].items() if name}
    return typed([value["type"], value["subject"], value["time"], data])


def test_the_way_of_writing_does_not_matter() -> None:
    rng = Random(4)
    seen = 0
    while seen < 500:
        value = some_event(rng)
        first = decode(raw(value))
        if first.messages:
            continue
        seen += 1
        expected = int(first.events["content"][0])
        assert content(write(rng, value).encode()) == expected
        assert content(write(rng, value, escapes=False).encode()) == expected


def test_a_change_of_any_value_matters() -> None:
    rng = Random(5)
    contents: dict[int, Any] = {}
    for _ in range(3000):
        value = some_event(rng)
        variant = copy.deepcopy(value)
        if value["data"] and isinstance(value["data"], dict):
            name = rng.choice(sorted(value["data"]))
            variant["data"][name] = MEMBERS.get(name, some_text)(rng)
        for each in (value, variant):
            batch = decode(each)
            if not batch.messages:
                known = contents.setdefault(int(batch.events["content"][0]), meaning(each))
                assert known == meaning(each)
    meanings = [json.dumps(value, sort_keys=True) for value in contents.values()]
    assert len(set(meanings)) == len(meanings) > 1000


BASE = event(
    "incident.updated", {"priority": "1", "custom": {"a": 1, "b": "x"}, "tags": ["p", "q"]}
)


def changed(**data: Any) -> dict[str, Any]:
    return BASE | {"data": BASE["data"] | data}


@pytest.mark.parametrize(
    "other",
    [
        BASE | {"subject": "4712"},
        BASE | {"type": "incident.created"},
        BASE | {"time": "2026-03-02T10:15:30.124Z"},
        changed(priority=1),
        changed(priority=None),
        changed(priority=""),
        changed(team=None),
        changed(tags=["q", "p"]),
        changed(tags=["p,q"]),
        changed(tags=["p", "q", ""]),
        changed(custom={"a": 1, "b": "x", "c": None}),
        changed(custom={"a": "1", "b": "x"}),
        changed(custom={"a": True, "b": "x"}),
        changed(custom={"b": 1, "a": "x"}),
        changed(custom={"a": 1, "b": "x", "c": ""}),
        changed(custom=None),
        changed(custom={}),
        changed(title="x" * 300),
    ],
)
def test_other_values_have_another_content(other: dict[str, Any]) -> None:
    assert content(other) != content(BASE)


@pytest.mark.parametrize(
    "other",
    [
        BASE | {"id": "another", "source": "/other", "tenant": "t", "sequence": "9"},
        BASE | {"traceparent": "00-1"},
        changed(unknown={"a": 1}, author="agent"),
        changed(custom={"b": "x", "a": 1.0}),
    ],
)
def test_what_is_not_type_subject_time_or_data_does_not_matter(other: dict[str, Any]) -> None:
    assert content(other) == content(BASE)


def test_the_whole_title_counts_though_it_is_cut() -> None:
    assert content(changed(title="x" * 300)) != content(changed(title="x" * 301))
