"""Who may ask what: tokens, scopes, and that a tenant sees nothing of another on any route."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from sla_engine.api import acts, routes
from sla_engine.api.tokens import all_tokens, make_token
from sla_engine.errors import ConfigError
from tests.api.serving import MADE, MemoryKeeper, Served, refused

#: Every route -> how it is called, with {tenant} where it takes one. New ones belong here.
ROUTES: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/incidents"): {"url": "/v1/incidents?state=all"},
    ("GET", "/v1/queue"): {"url": "/v1/queue"},
    ("GET", "/v1/incidents/{incident:path}"): {"url": "/v1/incidents/I1"},
    ("GET", "/v1/customers/{customer:path}"): {"url": "/v1/customers/Hooli"},
    ("GET", "/v1/alerts/stream"): {
        "url": "/v1/alerts/stream?seconds=0",
        "headers": {"Last-Event-ID": "0,0,0"},
    },
    ("GET", "/v1/policies"): {"url": "/v1/policies", "all": True},
    ("GET", "/v1/calendars"): {"url": "/v1/calendars", "all": True},
    ("GET", "/v1/dead"): {"url": "/v1/dead", "all": True},
    ("GET", "/v1/audit"): {"url": "/v1/audit", "all": True},
    **{
        ("POST", f"/v1/commands/{name}"): {
            "url": f"/v1/commands/{name}",
            "json": {
                "incident": "only-other",
                "clock": "resolution",
                "reason": "r",
                "actor": "a",
                **more,
            },
        }
        for name, more in {
            "acknowledge": {},
            "unacknowledge": {"clock": None},
            "snooze": {"until": "2026-11-23T20:00:00Z", "clock": None},
            "override": {"due": "2026-11-23T20:00:00Z"},
            "exclude": {"from": "2026-11-23T08:00:00Z", "to": "2026-11-23T08:01:00Z"},
        }.items()
    },
}
OPEN = {("GET", "/healthz"), ("GET", "/readyz")}


def test_every_route_is_tried_here() -> None:
    there = {
        (method, route.path)
        for route in (*routes.router.routes, *acts.router.routes)
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert there - OPEN == set(ROUTES)


def call(client: httpx.Client, key: tuple[str, str], **more: Any) -> httpx.Response:
    how = {name: value for name, value in ROUTES[key].items() if name != "all"}
    if "json" in how:
        body = {name: value for name, value in how["json"].items() if value is not None}
        how["json"] = {**body, **more.pop("json", {})}
    return client.request(key[0], **how, **more)


@pytest.mark.parametrize("key", list(ROUTES), ids=" ".join)
def test_without_a_token_in_force_nothing_is_said(api: Served, key: tuple[str, str]) -> None:
    good = api.client("read", "act", "admin")
    token = good.headers["authorization"]
    wrong = ["", "Bearer", "Bearer x", f"Basic {token[7:]}", token + "x", token[:-1], token.upper()]
    documents = set()
    for header in wrong:
        answer = call(api.bare({"Authorization": header}), key)
        refused(answer, 401, "NOT_PROVEN")
        assert answer.headers["www-authenticate"] == "Bearer"
        documents.add(answer.content)
    documents.add(call(api.bare(), key).content)
    twice = httpx.Headers([("Authorization", token), ("Authorization", token)])
    documents.add(api.bare().request(key[0], ROUTES[key]["url"], headers=twice).content)
    assert len(documents) == 1, "how it was wrong must not be told"
    api.keeper.drop_token("t0")
    refused(call(good, key), 401, "NOT_PROVEN")


@pytest.mark.parametrize("key", list(ROUTES), ids=" ".join)
def test_a_scope_opens_its_routes_only(api: Served, key: tuple[str, str]) -> None:
    needed = (
        "act" if key[0] == "POST" else "admin" if key[1] in ("/v1/dead", "/v1/audit") else "read"
    )
    for scope in ("read", "act", "admin"):
        answer = call(api.client(scope), key)
        if scope == needed:
            assert answer.status_code in (200, 202, 404)
        else:
            refused(answer, 403, "NOT_ALLOWED")


@pytest.mark.parametrize("key", list(ROUTES), ids=" ".join)
def test_a_tenants_token_sees_nothing_of_another(api: Served, key: tuple[str, str]) -> None:
    api.desk.send("created", "only-other", {"title": "planted-canary"}, tenant="other")
    api.desk.send("created", "also", {"title": "planted-canary", "team": "network"}, tenant="other")
    api.follow("11:30")
    assert any(a["tenant"] == "other" for a in api.desk.world.alerts()), "there are alerts to see"
    client = api.client("read", "act", "admin", tenants=["default"])
    answer = call(client, key)
    if ROUTES[key].get("all"):
        refused(answer, 403, "WRONG_TENANT")
    elif key[0] == "POST" or "Hooli" in ROUTES[key]["url"]:
        refused(answer, 404, "NOT_FOUND")
    else:
        assert answer.status_code == 200
    for secret in ("planted-canary", 'only-other"', 'Hooli"', '"other"', "also"):
        assert secret not in answer.text.replace("incident `only-other`", "")
    asked = {"json": {"tenant": "other"}} if key[0] == "POST" else {}
    params = {} if key[0] == "POST" else {"tenant": "other"}
    if not ROUTES[key].get("all"):
        url = httpx.URL(ROUTES[key]["url"]).copy_merge_params(params)
        told = call(client, key, **asked) if asked else client.get(url)
        refused(told, 403, "WRONG_TENANT")
        unheard = {"tenant": "never-heard-of"}
        url = httpx.URL(ROUTES[key]["url"]).copy_merge_params(unheard)
        same = call(client, key, json=unheard) if asked else client.get(url)
        assert same.content == told.content, "whether there is such a tenant must not be told"
    assert api.log.records == []


def test_the_other_tenants_token_does_see_it(api: Served) -> None:
    api.desk.send("created", "only-other", {"title": "planted-canary"}, tenant="other")
    api.follow("08:45")
    client = api.client("read", "act", tenants=["other"])
    assert "planted-canary" in client.get("/v1/incidents/only-other").text
    told = client.get("/v1/incidents").json()["incidents"]
    assert {each["tenant"] for each in told} == {"other"}
    body = {"incident": "only-other"}
    assert client.post("/v1/commands/acknowledge", json=body).json()["tenant"] == "other"


def test_a_token_of_two_tenants_sees_both(api: Served) -> None:
    client = api.client("read", tenants=["default", "other"])
    told = client.get("/v1/incidents", params={"state": "all"}).json()["incidents"]
    assert {each["tenant"] for each in told} == {"default", "other"}
    assert client.get("/v1/incidents/I1?tenant=other").json()["tenant"] == "other"
    assert client.get("/v1/incidents/I1").json()["tenant"] == "default"


def test_only_the_hash_of_a_token_is_kept() -> None:
    keeper = MemoryKeeper()
    token = make_token(keeper, "desk", ["read"], None, MADE)
    assert token not in str(keeper.tokens())
    (kept,) = all_tokens(keeper)
    assert kept.shown() == {"name": "desk", "scopes": ["read"], "tenants": None, "made": MADE}


@pytest.mark.parametrize(
    ("name", "scopes", "tenants", "said"),
    [
        ("Desk", ["read"], None, "is no name"),
        ("desk", [], None, "scopes are"),
        ("desk", ["write"], None, "scopes are read, act, admin"),
        ("desk", ["read"], [""], "a tenant has"),
        ("taken", ["read"], None, "there is a token `taken`"),
    ],
)
def test_tokens_that_cannot_be(
    name: str, scopes: list[str], tenants: list[str] | None, said: str
) -> None:
    keeper = MemoryKeeper()
    make_token(keeper, "taken", ["read"], None, MADE)
    with pytest.raises(ConfigError, match=said):
        make_token(keeper, name, scopes, tenants, MADE)
