"""Alerts as they come: each once, and a stream goes on where it broke off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import httpx
import orjson
import pytest

from sla_engine.api.stream import Ends, Streams
from sla_engine.ingest.problem import Refusal
from tests.api.serving import Served, refused
from tests.follow.desk import PARTITIONS, Desk
from tests.services.waiting import wait_until


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """(id, event, data) of a stream of server-sent events."""
    told: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif "data" in told:
            yield told["id"], told["event"], orjson.loads(told["data"])
            told = {}
        else:
            told = {}


def some(client: httpx.Client, count: int, since: str | None = None) -> list[tuple[str, str, Any]]:
    """The first events of a stream, which is then cut off."""
    headers = {} if since is None else {"Last-Event-ID": since}
    with client.stream("GET", "/v1/alerts/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = events(answer.iter_lines())
        return [next(found) for _ in range(count)]


def by_id(events: Iterable[Any]) -> list[Any]:
    """Alerts of several partitions come in no order of their own."""
    return sorted(events, key=lambda event: event["id"])


@pytest.fixture
def told(api: Served) -> list[Any]:
    """What is on the topic after an eventful morning."""
    for n in range(6):
        api.desk.send("created", f"N{n}", {"customer": "ACME"})
    api.desk.at("12:00").follow()
    log = api.desk.world.log
    ends = tuple(log.bounds("alerts", n)[1] for n in range(PARTITIONS))
    wait_until(lambda: api.api.streams.ends.positions == ends, "the ends are not seen", 20)
    return api.desk.world.alerts()


def test_all_alerts_from_the_beginning(api: Served, told: list[Any]) -> None:
    found = some(api.client("read"), len(told), "0,0,0")
    assert by_id(data for _, _, data in found) == by_id(told)
    assert [kind for _, kind, _ in found] == [data["type"] for _, _, data in found]


def test_a_stream_goes_on_behind_the_last_event(api: Served, told: list[Any]) -> None:
    client = api.client("read")
    since, found = "0,0,0", []
    for _ in range(len(told)):
        ((since, _, data),) = some(client, 1, since)
        found.append(data)
    assert by_id(found) == by_id(told)


def test_without_an_id_only_what_comes_from_now_on(api: Served, told: list[Any]) -> None:
    client = api.client("read")
    with client.stream("GET", "/v1/alerts/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": alive"
        api.desk.send("created", "now", {"customer": "ACME"})
        api.desk.at("15:00").follow()
        ((_, _, first),) = [next(events(lines))]
    assert first["id"] not in {event["id"] for event in told}


def test_a_tenant_hears_its_own(api: Served, told: list[Any]) -> None:
    api.desk.send("created", "theirs", {"customer": "ACME"}, tenant="other")
    api.desk.at("15:00").follow()
    client = api.client("read", tenants=["other"])
    own = [event for event in api.desk.world.alerts() if event["tenant"] == "other"]
    assert own
    found = some(client, len(own), "0,0,0")
    assert by_id(data for _, _, data in found) == by_id(own)


def test_an_end_can_be_asked_for(api: Served, told: list[Any]) -> None:
    client = api.client("read")
    answer = client.get("/v1/alerts/stream", params={"seconds": 0})
    assert (answer.status_code, answer.content) == (200, b"")
    since = {"Last-Event-ID": "0,0,0"}
    answer = client.get("/v1/alerts/stream", params={"seconds": 0}, headers=since)
    assert len(list(events(iter(answer.text.splitlines())))) == len(told)


@pytest.mark.parametrize("bad", ["", "x", "1,2", "1,2,3,4", "-1,0,0", "1,2,", "9" * 30 + ",0,0"])
def test_an_id_that_is_none_is_refused(api: Served, bad: str) -> None:
    answer = api.client("read").get("/v1/alerts/stream", headers={"Last-Event-ID": bad})
    assert refused(answer, 400, "BAD_VALUE")["field"] == "last-event-id"


def test_an_id_beyond_the_end_waits_for_what_comes(api: Served, told: list[Any]) -> None:
    client = api.client("read")
    headers = {"Last-Event-ID": "900,900,900"}
    with client.stream("GET", "/v1/alerts/stream", headers=headers) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": alive"
        api.desk.send("created", "now", {"customer": "ACME"})
        api.desk.at("15:00").follow()
        assert next(events(lines))[2]["id"] not in {event["id"] for event in told}


def test_no_more_streams_than_there_may_be(desk: Desk) -> None:
    import asyncio

    async def tried() -> None:
        streams = Streams(Ends(desk.world.log, 3), most=2)
        first, second = (streams.open(None, None) for _ in range(2))
        assert [await anext(first), await anext(second)]
        with pytest.raises(Refusal) as refusal:
            streams.open(None, None)
        assert refusal.value.status == 503
        await first.aclose()  # type: ignore[attr-defined]
        third = streams.open(None, None)
        assert await anext(third)
        for each in (second, third):
            await each.aclose()  # type: ignore[attr-defined]

    asyncio.run(tried())


def test_a_stop_ends_open_streams(api: Served) -> None:
    client = api.client("read")
    with client.stream("GET", "/v1/alerts/stream") as answer:
        lines = answer.iter_lines()
        next(lines)
        api.api.streams.ends.end()
        with closing(answer):
            assert list(events(lines)) == []
