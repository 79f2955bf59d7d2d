"""Addresses: passwords, TLS, users with few rights, and no secret in any message."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import redis

from sla_engine.errors import ConfigError, SlaError, StoreRefused, StoreUnavailable
from sla_engine.store.redis_store import RedisStore
from tests.services.process import free_port, missing
from tests.services.redis import RedisKind, RedisServer, StartRedis
from tests.store.worlds import PARTITION, Worker

CANARY = "c4n4ry"
FEW_RIGHTS = (
    "+fcall +function|load +info +config|get +time "
    "+hgetall +hget +hmget +hset +hsetnx +hscan +mget +set +append +unlink +exists "
    "+xadd +xrange +xrevrange +xtrim +xinfo|stream"
).split()


def check_and_write(url: str) -> None:
    store = RedisStore(url)
    store.check()
    Worker(store, b"token", PARTITION).claim().commit()
    store.time_ms()
    store.close()


def allow(client: redis.Redis, commands: list[str]) -> None:
    """A user `engine` with these rights on our keys."""
    client.acl_setuser(
        "engine",
        reset=True,
        enabled=True,
        passwords=["+" + CANARY],
        keys=["sla:*"],
        commands=commands,
    )


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    if shutil.which("openssl") is None:
        missing("openssl", "install the package openssl")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", *request.split(), *subject, *files], check=True, capture_output=True)
    return cert, key


def test_a_password_is_sent(start_redis: StartRedis) -> None:
    server = start_redis()
    with server.client() as client:
        client.config_set("requirepass", CANARY)
    check_and_write(f"unix://:{CANARY}@{server.socket}")
    with pytest.raises(StoreRefused, match="user or password"):
        check_and_write(server.url)


def test_a_database_number_is_used(redis_server: RedisServer) -> None:
    check_and_write(f"{redis_server.url}?db=5")
    with redis_server.client(db=5) as client:
        assert client.exists("sla:{3}:h")


@pytest.mark.redis
def test_tls_is_used_and_verified(certificate: tuple[Path, Path]) -> None:
    cert, key = (str(path) for path in certificate)
    port = free_port()
    files = {"tls-cert-file": cert, "tls-key-file": key, "tls-ca-cert-file": cert}
    settings = {"tls-port": str(port), "tls-auth-clients": "no", **files}
    # Redis only: the wheel's server is built without TLS and reached by its socket alone.
    with RedisServer(RedisKind.REDIS, settings=settings):
        check_and_write(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={cert}")
        with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1:{port} .*(?i:certif)"):
            check_and_write(f"rediss://127.0.0.1:{port}/0")


def test_few_rights_are_enough(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.acl_setuser(
            "engine",
            reset=True,
            enabled=True,
            passwords=["+" + CANARY],
            keys=["sla:*"],
            commands=FEW_RIGHTS,
        )
    url = f"unix://engine:{CANARY}@{redis_server.socket}"
    check_and_write(url)
    store = RedisStore(url)
    owner = Worker(store, b"other", PARTITION).claim()
    owner.commit(outbox=(b"alert",))
    writes = owner.writes(
        puts=(("a", b"1"),), appends=(("b", b"2"),), deletes=("c",), extra={"d": b"3"}, trim_to=1
    )
    store.checkpoint(writes)
    owner.trim_outbox("2-0", alerts_position=1)
    store.put_shared("policy/a", b"text")
    assert store.shared("policy/") == {"policy/a": b"text"}
    assert (owner.journal(), owner.outbox()) == ([(2, b"entry")], [])
    assert store.read(PARTITION, ["a", "b"]) == [b"1", b"2"]
    store.close()


@pytest.mark.parametrize(
    ("denied", "named"),
    [("-function|load", r"function\|load"), ("-fcall", "fcall"), ("-hset", "script")],
)
def test_a_right_that_is_missing_is_named(
    redis_server: RedisServer, denied: str, named: str
) -> None:
    with redis_server.client() as client:
        client.acl_setuser(
            "engine",
            reset=True,
            enabled=True,
            nopass=True,
            keys=["sla:*"],
            commands=["+@all", denied],
        )
    with pytest.raises(StoreRefused, match=f"(?i){named}") as refusal:
        check_and_write(f"unix://engine:{CANARY}@{redis_server.socket}")
    assert refusal.value.code == "NO_PERMISSION"


def test_functions_loaded_by_an_administrator_are_enough(redis_server: RedisServer) -> None:
    check_and_write(redis_server.url)
    with redis_server.client() as client:
        client.acl_setuser(
            "engine",
            reset=True,
            enabled=True,
            nopass=True,
            keys=["sla:*"],
            commands=["+@all", "-function"],
        )
    check_and_write(f"unix://engine:{CANARY}@{redis_server.socket}")


@pytest.mark.parametrize(
    "url",
    [
        f"redis://engine:{CANARY}@127.0.0.1:notaport/0",
        f"http://engine:{CANARY}@127.0.0.1/",
        f"redis://engine:{CANARY}@127.0.0.1:1/0",
        f"unix://engine:{CANARY}@/nowhere/redis.sock",
        f"redis://127.0.0.1:1/0?password={CANARY}&health_check_interval=x{CANARY}",
    ],
)
def test_no_message_shows_a_password(url: str) -> None:
    with pytest.raises(SlaError) as caught:
        RedisStore(url).check()
    assert CANARY not in str(caught.value)
    assert isinstance(caught.value, ConfigError | StoreUnavailable)


def test_a_store_shows_its_place_and_no_password() -> None:
    assert (
        repr(RedisStore(f"redis://u:{CANARY}@db.example:6380/0")) == "RedisStore(db.example:6380)"
    )
    assert repr(RedisStore("unix:///run/redis.sock")) == "RedisStore(/run/redis.sock)"


def test_one_node_of_a_cluster_serves_functions_with_declared_keys(
    start_redis: StartRedis,
) -> None:
    ports = {"port": str(free_port()), "cluster-port": str(free_port())}
    server = start_redis(settings={**ports, "cluster-enabled": "yes"})
    store = RedisStore(server.url)
    with server.client() as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
        with pytest.raises((StoreRefused, StoreUnavailable)):
            Worker(store, b"token", PARTITION).claim()
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
        while client.cluster("info")["cluster_state"] != "ok":
            pass
    owners = [Worker(store, b"token", partition).claim() for partition in range(8)]
    for owner in owners:
        owner.commit(outbox=(b"alert",))
        store.checkpoint(owner.writes(puts=(("a", b"1"),), deletes=("b",), trim_to=1))
        owner.trim_outbox("1-0")
    store.close()
