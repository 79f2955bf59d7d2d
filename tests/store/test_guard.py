"""A server that would lose state silently is refused, naming the setting and the way out."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest
import redis

from sla_engine.errors import StoreRefused
from sla_engine.store.guard import check_server
from sla_engine.store.redis_store import RedisStore
from tests.services.redis import RedisServer, StartRedis

EVICTING = [
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-random",
    "volatile-ttl",
]
ALLOW = r"redis\.allow_unsafe = true"


def check(server: RedisServer, *, allow_unsafe: bool = False, user: str = "") -> None:
    login = f"{user}:any@" if user else ""
    store = RedisStore(f"unix://{login}{server.socket}", allow_unsafe=allow_unsafe)
    store.check()
    store.close()


def user_without(server: RedisServer, *denied: str) -> str:
    with server.client() as client:
        client.acl_setuser(
            "engine", reset=True, enabled=True, nopass=True, keys=["*"], commands=["+@all", *denied]
        )
    return "engine"


def test_a_server_that_keeps_everything_passes_without_a_word(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    check(redis_server)
    assert caplog.record_tuples == []


@pytest.mark.parametrize("policy", EVICTING)
@pytest.mark.parametrize("maxmemory", ["0", "100mb"], ids=["without-limit", "with-limit"])
def test_a_server_that_evicts_is_refused(
    start_redis: StartRedis, policy: str, maxmemory: str
) -> None:
    server = start_redis(settings={"maxmemory-policy": policy, "maxmemory": maxmemory})
    with pytest.raises(StoreRefused) as refusal:
        check(server)
    message = str(refusal.value)
    assert f"maxmemory-policy {policy}" in message
    assert "CONFIG SET maxmemory-policy noeviction" in message
    assert str(server.socket) in message


def test_a_server_that_persists_nothing_is_refused(start_redis: StartRedis) -> None:
    server = start_redis(settings={"appendonly": "no"})
    with pytest.raises(StoreRefused, match=rf"appendonly no.*CONFIG SET appendonly yes.*{ALLOW}"):
        check(server)


def test_everything_wrong_is_named_at_once(start_redis: StartRedis) -> None:
    server = start_redis(settings={"appendonly": "no", "maxmemory-policy": "allkeys-lru"})
    with pytest.raises(StoreRefused, match=r"allkeys-lru.*appendonly no"):
        check(server)


def test_a_danger_can_be_allowed_and_is_logged(
    start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis(settings={"appendonly": "no"})
    check(server, allow_unsafe=True)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "allowed by redis.allow_unsafe: " in record.message
    assert "appendonly no" in record.message


def test_what_config_denies_is_read_from_info(
    start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    user = user_without(server, "-config")
    check(server, user=user)
    assert "denies CONFIG GET: its settings were read from INFO" in caplog.text
    with server.client() as client:
        client.config_set("maxmemory-policy", "volatile-ttl")
    with pytest.raises(StoreRefused, match="maxmemory-policy volatile-ttl"):
        check(server, user=user)
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "no")
    with pytest.raises(StoreRefused, match="appendonly no"):
        check(server, user=user)


def test_a_denied_info_leaves_the_version_unchecked_and_says_so(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    check(redis_server, user=user_without(redis_server, "-info"))
    assert "denies INFO: its version was not checked" in caplog.text


def test_a_server_that_hides_both_is_refused_unless_allowed(redis_server: RedisServer) -> None:
    user = user_without(redis_server, "-info", "-config")
    with pytest.raises(StoreRefused, match=rf"`maxmemory-policy` is unknown.*\+info.*{ALLOW}"):
        check(redis_server, user=user)
    check(redis_server, user=user, allow_unsafe=True)


@pytest.mark.parametrize("version", ["6.2.14", "5.0.7", "2.8.4", ""])
def test_a_server_without_functions_is_refused_whatever_is_allowed(version: str) -> None:
    with pytest.raises(StoreRefused, match=r"Redis 7\.0") as refusal:
        check_server(answering(version), "db:6379", allow_unsafe=True)
    assert refusal.value.code == "TOO_OLD"
    assert f"db:6379 is version {version or 'unknown'}" in str(refusal.value)


@pytest.mark.parametrize("version", ["7.0.0", "7.2.4", "8.0.1", "10.0"])
def test_newer_servers_pass(version: str) -> None:
    assert check_server(answering(version), "db:6379") == []


def answering(version: str) -> redis.Redis:
    """A client of a server of that version, for those that cannot be run here."""

    class Client:
        def info(self) -> dict[str, Any]:
            return {"redis_version": version}

        def config_get(self, name: str) -> dict[str, str]:
            return {"maxmemory-policy": "noeviction", "appendonly": "yes"}

    return cast(redis.Redis, Client())
