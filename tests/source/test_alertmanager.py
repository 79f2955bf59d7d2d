"""Alertmanager's notifications become events (document: payloads/README.md)."""

from __future__ import annotations

from typing import Any

import pytest

from sla_engine.errors import EventError
from tests.source.examples import brief, changed, payload, translated

FIRING = "c1d2e3f4a5b60718/2026-11-23T09:00:00.123Z"
ENDED = "c1d2e3f4a5b60719/2026-11-23T08:10:00.000Z"


def test_every_alert_is_an_incident_each_time_it_fires() -> None:
    firing, ended = brief(translated("alertmanager", payload("alertmanager-firing")))
    assert firing == (
        "incident.created",
        FIRING,
        "2026-11-23T09:00:00.123Z",
        {
            "title": "SorterDown",
            "priority": "critical",
            "team": "depot",
            "kind": "alert",
            "channel": "alertmanager",
            "custom": {"instance": "sorter2:9100"},
            "opened_at": "2026-11-23T09:00:00.123Z",
        },
    )
    assert ended[:3] == ("incident.resolved", ENDED, "2026-11-23T08:55:30.000Z")
    assert ended[3]["opened_at"] == "2026-11-23T08:10:00.000Z", "also if its begin was lost"


def test_what_is_sent_again_and_by_another_replica_is_a_duplicate() -> None:
    """Annotations and addresses differ from one notification to the next; the events do not."""
    again = changed(payload("alertmanager-firing"), "externalURL", to="http://other.example")
    for alert in again["alerts"]:
        alert["annotations"] = {"summary": "Sorter 2 has been silent for 9m40s"}
        alert["generatorURL"] = "http://prometheus-2.example/graph"
    assert translated("alertmanager", again) == translated(
        "alertmanager", payload("alertmanager-firing")
    )


def test_an_alert_that_fires_anew_is_another_incident() -> None:
    value = payload("alertmanager-firing")
    value["alerts"][0]["startsAt"] = "2026-11-23T12:00:00Z"
    found = brief(translated("alertmanager", value))[0]
    assert found[1] != FIRING


def test_more_labels_than_an_incident_may_have_are_no_reason_to_lose_it() -> None:
    value = payload("alertmanager-firing")
    value["alerts"][0]["labels"] |= {f"l{i:02}": "x" for i in range(90)}
    assert len(brief(translated("alertmanager", value))[0][3]["custom"]) == 32


def test_alerts_that_the_sender_left_out_are_told() -> None:
    value = changed(payload("alertmanager-firing"), "truncatedAlerts", to=3)
    assert "3 alerts" in translated("alertmanager", value).ignored[0]


@pytest.mark.parametrize(
    ("place", "to", "named"),
    [
        (("version",), "3", "version"),
        (("alerts",), [], "alerts"),
        (("alerts",), [1], "alerts[0]"),
        (("alerts",), [{"startsAt": "2026-11-23T09:00:00Z"}], "alerts[0].fingerprint"),
    ],
)
def test_what_is_wrong_is_named(place: tuple[str, ...], to: Any, named: str) -> None:
    with pytest.raises(EventError) as refused:
        translated("alertmanager", changed(payload("alertmanager-firing"), *place, to=to))
    assert named in refused.value.message
