"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.serving import Served, served
from tests.follow.desk import Desk

COMPILE_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Room for the compilation of the fold, whichever test comes first."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(COMPILE_S))


@pytest.fixture
def desk() -> Desk:
    """Four incidents of two tenants at 08:40: one waits, one is finished, one is another's."""
    desk = Desk()
    common = {"priority": "high", "channel": "email", "product": "Shop"}
    desk.send("created", "I1", {**common, "customer": "ACME", "team": "network", "title": "Slow"})
    desk.send("created", "I2", {**common, "customer": "ACME", "team": "desk", "channel": "chat"})
    desk.send("created", "I3", {**common, "customer": "Initech", "team": "desk"})
    desk.send("created", "I1", {**common, "customer": "Hooli", "team": "desk"}, tenant="other")
    desk.at("08:10")
    desk.send("updated", "I2", {"status": "waiting_customer"})
    desk.send("resolved", "I3")
    desk.send("rated", "I3", {"csat": 4})
    desk.send("commented", "I1", {})  # without author: a dead letter
    return desk.at("08:40").follow()


@pytest.fixture
def api(desk: Desk) -> Iterator[Served]:
    """An API over it."""
    with served(desk) as running:
        yield running
