"""What is read: lists, the queue, one explained, a customer's, rules, dead letters, health."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import httpx
import orjson
import pytest

from tests.api.serving import Served, names, refused, served
from tests.follow.desk import Desk


@pytest.fixture
def client(api: Served) -> httpx.Client:
    return api.client("read", tenants=["default"])


def test_open_incidents_with_their_clocks(api: Served, client: httpx.Client) -> None:
    answer = client.get("/v1/incidents")
    assert names(answer) == ["I1", "I2"]
    told = [clock for each in answer.json()["incidents"] for clock in each["clocks"]]
    mine = [c for c in api.desk.replayed() if c["tenant"] == "default" and c["incident"] != "I3"]
    assert told == mine


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "all"}, ["I1", "I2", "I3"]),
        ({"state": "finished"}, ["I3"]),
        ({"team": "desk"}, ["I2"]),
        ({"team": "desk", "state": "all"}, ["I2", "I3"]),
        ({"customer": "ACME"}, ["I1", "I2"]),
        ({"customer": "acme"}, []),
        ({"priority": "high", "team": "network"}, ["I1"]),
        ({"status": "waiting_customer"}, ["I2"]),
        ({"status": "open"}, ["I1"]),
        ({"set": "ola"}, ["I1"]),
        ({"set": "none"}, []),
    ],
)
def test_filters(client: httpx.Client, asked: dict[str, str], found: list[str]) -> None:
    assert names(client.get("/v1/incidents", params=asked)) == found


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/queue"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_are_the_whole_list_once(desk: Desk, path: str, limit: int) -> None:
    for n in range(13):
        desk.send("created", f"N{n:02}", {"team": "network" if n % 2 else "desk"})
    desk.at("09:30").follow()
    with served(desk) as api:
        client = api.client("read")
        whole = client.get(path, params={"limit": 100}).json()
        assert whole["next"] is None
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.get(path, params={"limit": limit, **cursor}).json()
            assert len(page["incidents"]) <= limit
            found += [(each["tenant"], each["incident"]) for each in page["incidents"]]
            if page["next"] is None:
                break
            assert len(found) < 100, "it does not end"
            cursor = {"cursor": page["next"]}
    assert found == [(each["tenant"], each["incident"]) for each in whole["incidents"]]
    assert len(set(found)) == len(found) == 16


def test_pages_of_the_queue_are_of_one_instant(desk: Desk) -> None:
    with served(desk) as api:
        client = api.client("read")
        first = client.get("/v1/queue", params={"limit": 1}).json()
        desk.at("09:10").follow()
        second = client.get("/v1/queue", params={"limit": 1, "cursor": first["next"]}).json()
        assert second["as_of"] == first["as_of"] == "2026-11-23T08:40:00.000Z"
        assert client.get("/v1/queue").json()["as_of"] == "2026-11-23T09:10:00.000Z"


def test_the_queue_has_the_highest_score_first(desk: Desk) -> None:
    desk.send("created", "late", {"customer": "ACME", "team": "network"})
    desk.at("10:30").follow()
    with served(desk) as api:
        client = api.client("read")
        whole = client.get("/v1/queue").json()["incidents"]
        scores = [each["score"] for each in whole]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] > scores[-1]
        for asked in ({"team": "network"}, {"customer": "ACME"}, {"tenant": "other"}):
            ((name, value),) = asked.items()
            expected = [
                each["incident"]
                for each in whole
                if (each["tenant"] if name == "tenant" else each["attributes"][name]) == value
            ]
            assert names(client.get("/v1/queue", params=asked)) == expected != []


def test_one_incident_is_explained_as_from_a_file(api: Served, client: httpx.Client) -> None:
    assert client.get("/v1/incidents/I2").json() == api.desk.explained("I2")


def test_an_incident_as_of_an_earlier_instant(client: httpx.Client) -> None:
    for at in ("2026-11-23T08:05:00Z", "2026-11-23T09:05:00+01:00"):
        told = client.get("/v1/incidents/I2", params={"at": at}).json()
        assert told["as_of"] == "2026-11-23T08:05:00.000Z"
        assert {clock["state"] for clock in told["clocks"]} == {"running"}
    raw = client.get("/v1/incidents/I2?at=2026-11-23T09:05:00+01:00")
    assert raw.json()["as_of"] == "2026-11-23T08:05:00.000Z"
    early = client.get("/v1/incidents/I2", params={"at": "2026-11-22T08:05:00Z"})
    refused(early, 404, "NOT_FOUND")


def test_an_etag_stays_while_nothing_happens(api: Served, client: httpx.Client) -> None:
    tag = client.get("/v1/incidents/I1").headers["etag"]
    api.desk.at("08:41").follow()
    same = client.get("/v1/incidents/I1", headers={"If-None-Match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    api.desk.send("commented", "I1", {"author": "agent"})
    api.desk.at("08:42").follow()
    other = client.get("/v1/incidents/I1", headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


def test_ids_may_hold_anything(api: Served, client: httpx.Client) -> None:
    for name in ("a/b", "a b?c#d", "M\u00fcnchen", "100%", "explain", "a/../b"):
        api.desk.send("created", name, {"customer": name})
        api.desk.follow()
        from urllib.parse import quote

        path = quote(name, safe="")
        assert client.get(f"/v1/incidents/{path}").json()["incident"] == name
        assert client.get(f"/v1/customers/{path}").json()["counts"] == {"open": 1, "finished": 0}


def test_what_is_not_known_is_not_found(client: httpx.Client) -> None:
    refused(client.get("/v1/incidents/nobody"), 404, "NOT_FOUND")
    refused(client.get("/v1/customers/nobody"), 404, "NOT_FOUND")
    refused(client.get("/v1/nothing"), 404, "NOT_FOUND")
    refused(client.post("/v1/incidents"), 405, "METHOD_NOT_ALLOWED")


def test_everything_of_a_customer(api: Served, client: httpx.Client) -> None:
    told = client.get("/v1/customers/Initech").json()
    assert told["counts"] == {"open": 0, "finished": 1}
    assert told["satisfaction"]["csat"] == {"rated": 1, "mean": 4.0}
    assert told["satisfaction"]["nps"] == {"rated": 0, "mean": None}
    told = client.get("/v1/customers/ACME").json()
    assert told["attributes"] == {"tier": "gold"}
    assert [each["incident"] for each in told["open"]] == ["I1", "I2"]
    assert told["by_channel"] == {
        "chat": {"open": 1, "finished": 0},
        "email": {"open": 1, "finished": 0},
    }
    assert told["by_product"] == {"Shop": {"open": 2, "finished": 0}}


def test_lists_do_not_name_the_requester(api: Served, client: httpx.Client) -> None:
    api.desk.send("created", "I9", {"customer": "ACME", "requester": "planted-person"})
    api.desk.follow()
    for path in ("/v1/incidents", "/v1/queue", "/v1/customers/ACME"):
        assert "planted-person" not in client.get(path).text
    assert "planted-person" in client.get("/v1/incidents/I9").text


def test_policies_and_calendars_in_force(api: Served) -> None:
    client = api.client("read")
    answer = client.get("/v1/policies")
    (edition,) = answer.json()["editions"]
    assert edition["in_force"]
    assert "gold: " in edition["promises"]
    tag = answer.headers["etag"]
    assert client.get("/v1/policies", headers={"If-None-Match": tag}).status_code == 304
    told = client.get("/v1/calendars").json()["calendars"]
    (office,) = [calendar for calendar in told if calendar["name"] == "office"]
    assert (office["name"], office["time_zone"]) == ("office", "Europe/Berlin")
    assert office["hours"]["mon"] == ["09:00-17:00"]


def test_dead_letters_with_their_bytes(api: Served) -> None:
    client = api.client("admin")
    told = client.get("/v1/dead").json()
    (letter,) = told["letters"]
    assert letter["code"] == "NO_AUTHOR"
    assert orjson.loads(b64decode(letter["bytes"]))["subject"] == "I1"
    assert client.get("/v1/dead", params={"code": "TOO_DEEP"}).json()["letters"] == []


def test_dead_letters_page_by_page(api: Served) -> None:
    for n in range(5):
        api.desk.send("commented", f"D{n}", {})
    api.desk.follow()
    client = api.client("admin")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/dead", params={"limit": 2, **cursor}).json()
        found += [letter["place"] for letter in page["letters"]]
        if page["next"] is None:
            break
        assert len(found) < 100, "it does not end"
        cursor = {"cursor": page["next"]}
    assert len(set(found)) == len(found) == 6


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/incidents?limit=0", "limit"),
        ("/v1/incidents?limit=101", "limit"),
        ("/v1/incidents?limit=x", "limit"),
        ("/v1/incidents?state=shut", "state"),
        ("/v1/incidents?cursor=x", "cursor"),
        ("/v1/incidents?cursor=W10", "cursor"),
        ("/v1/incidents?cursor=%C3%A4", "cursor"),
        ("/v1/queue?cursor=WyJpbmNpZGVudHMiLCJhIiwiYiJd", "cursor"),
        ("/v1/queue?limit=-1", "limit"),
        ("/v1/incidents/I1?at=yesterday", "at"),
        ("/v1/incidents/I1?at=2026-11-23T10:00:00", "at"),
        ("/v1/incidents?tenant=", "tenant"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(api: Served, path: str, field: str) -> None:
    problem = refused(api.client("read").get(path), 400, "BAD_VALUE")
    assert problem["field"] == field


def test_health_and_readiness(api: Served, desk: Desk) -> None:
    assert api.bare().get("/healthz").text == "ok\n"
    assert api.bare().get("/readyz").text == "ok\n"
    with served(desk, not_ready="the store does not answer") as other:
        assert other.bare().get("/healthz").status_code == 200
        told = refused(other.bare().get("/readyz"), 503, "NOT_READY")
        assert "the store does not answer" in told["detail"]
        answer = other.client("read").get("/v1/incidents")
        refused(answer, 503, "NOT_READY")
        assert answer.headers["retry-after"] == "1"


def test_no_browser_of_another_origin_is_let_in(api: Served) -> None:
    client = api.client("read")
    answer = client.get("/v1/incidents", headers={"Origin": "https://elsewhere.example"})
    asked = client.options(
        "/v1/incidents",
        headers={"Origin": "https://x.example", "Access-Control-Request-Method": "GET"},
    )
    for each in (answer, asked):
        assert not [name for name in each.headers if name.startswith("access-control")]
    assert asked.status_code == 405


def test_requests_are_counted_by_route(api: Served) -> None:
    client = api.client("read")
    client.get("/v1/incidents/I1")
    client.get("/v1/incidents/nobody")
    text = client.get("/metrics").text
    route = "/v1/incidents/{incident:path}"
    assert f'sla_api_requests_total{{route="{route}",status="200"}} 1.0' in text
    assert f'sla_api_requests_total{{route="{route}",status="404"}} 1.0' in text
