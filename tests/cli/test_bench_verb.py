"""`sla-engine bench` measures without any service."""

from __future__ import annotations

import orjson

from tests.cli.calling import Capture, call


def test_a_small_measurement_gives_every_figure(capsysbinary: Capture) -> None:
    called = call(capsysbinary, "bench", "--incidents", "3000", "--format", "json")
    assert called.code == 0
    found = orjson.loads(called.out)
    assert (found["incidents"], found["events"]) == (3000, 6000)
    assert all(value > 0 for value in found.values())


def test_people_get_a_table(capsysbinary: Capture) -> None:
    lines = call(capsysbinary, "bench", "--incidents", "2000").out.splitlines()
    assert lines[0].split() == ["measured", "value"]
    assert "changes per second" in "\n".join(lines)
