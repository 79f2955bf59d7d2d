"""Whatever a payload holds, an adapter gives events that the decoder takes, or a named refusal."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.errors import EventError
from sla_engine.source.kinds import SOURCES
from tests.source.examples import FOLDER, translated

EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.json"))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.just("2026-11-23T09:00:00Z"),
    st.lists(st.none() | st.text(max_size=3) | st.just({}), max_size=3),
    st.dictionaries(st.sampled_from(["id", "type", "current"]), st.none() | st.integers()),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, name or index) of a payload."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, below in items:
        found.append((value, name))
        if isinstance(below, dict | list):
            found += places(below)
    return found


def test_there_is_an_example_of_every_vendor() -> None:
    assert {name.partition("-")[0] for name in EXAMPLES} == set(SOURCES)


@pytest.mark.parametrize("name", EXAMPLES)
@given(data=st.data())
def test_a_changed_example_gives_events_or_a_refusal(name: str, data: st.DataObject) -> None:
    value = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        container, place = data.draw(st.sampled_from(places(value)))
        container[place] = data.draw(ODD)
        if not places(value):
            break
    try:
        found = translated(name.partition("-")[0], value)
    except EventError:
        return
    for event in found.events:
        assert event["id"]
        assert event["subject"]
        assert event["time"].endswith("Z")
        orjson.dumps(event)
    again = translated(name.partition("-")[0], value)
    assert again == found, "the same payload always gives the same events"
