"""Outbound against hostile addresses: reached 0 of N (server-side request forgery)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sla_engine.deliver.guard import AddressRefused, Guard
from sla_engine.deliver.http import HttpClient
from sla_engine.deliver.plan.addresses import (
    WEB_PORTS,
    fault_of_url,
    parse_networks,
    refusal,
)
from sla_engine.deliver.plan.message import Request, Verdict
from sla_engine.errors import ConfigError
from tests.deliver.delivering import MemoryAlerts, alert, delivering
from tests.deliver.receiver import Answer, receiver

#: Every form that reaches this machine or its neighbours where nothing guards it.
HOSTS = [
    "127.0.0.1", "127.1", "127.8.8.8", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "0", "0.0.0.0", "localhost", "localhost.", "ip6-localhost", "LOCALHOST",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[fe80::5efe:127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]", "[fe80::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1",
    "198.18.0.1", "192.0.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]", "[fc00::1]",
    "[fec0::1]",
]  # fmt: skip


def reach(
    url: str, allowed: Sequence[str] = (), ports: Sequence[int] = WEB_PORTS, **guard: Any
) -> tuple[Verdict, str]:
    """What comes of a request to an address."""

    async def ask() -> tuple[Verdict, str]:
        client = HttpClient(Guard(parse_networks(allowed), ports, **guard), url, 1)
        try:
            async with asyncio.timeout(20):
                outcome = await client.send(Request("POST", url, {}, b"{}"), 0)
        finally:
            await client.close()
        return outcome.verdict, outcome.why

    return asyncio.run(ask())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_form_of_an_inner_address_is_reached(scheme: str) -> None:
    with receiver() as inside:
        told = {}
        for host in HOSTS:
            told[host] = reach(f"{scheme}://{host}:{inside.port}/", ports=[inside.port])
        assert inside.got == []
    reached = {host: why for host, (verdict, why) in told.items() if verdict is Verdict.SENT}
    assert reached == {}
    # Refused for the address; a name that this machine does not know is not looked at.
    dead = [why for verdict, why in told.values() if verdict is Verdict.DEAD]
    assert all("is no public address" in why or "its url is no address" in why for why in dead)
    others = {host: why for host, (verdict, why) in told.items() if verdict is not Verdict.DEAD}
    assert all("DNSError" in why for why in others.values()), others
    assert len(others) <= 2


def test_the_same_machine_is_reached_where_the_settings_allow_it() -> None:
    with receiver() as inside:
        verdict, why = reach(f"{inside.url}/", ["127.0.0.0/8"])
        assert (verdict, why) == (Verdict.SENT, "")
        verdict, _ = reach(f"http://[::ffff:127.0.0.1]:{inside.port}/", ["127.0.0.1"])
        assert len(inside.got) >= 1


def test_a_name_that_points_inside_the_second_time_is_not_reached() -> None:
    """A rebinding resolver: a public address for the check, loopback for the connection."""
    answers = ["93.184.216.34", "127.0.0.1", "127.0.0.1", "127.0.0.1"]

    def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        address = answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with receiver() as inside:
        guard = Guard((), WEB_PORTS, lookup=rebinding)

        async def resolved_twice() -> None:
            await guard.resolve("rebind.example", 443, tls=True)
            await guard.resolve("rebind.example", 443, tls=True)

        with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is no public address"):
            asyncio.run(resolved_twice())
        verdict, _ = reach(f"https://rebind.example:{inside.port}/", lookup=rebinding)
        assert verdict is Verdict.DEAD
        assert inside.got == []


def test_one_inner_address_among_a_names_spoils_it() -> None:
    def mixed(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("93.184.216.34", "10.0.0.7")
        ]

    verdict, why = reach("https://mixed.example/", lookup=mixed)
    assert verdict is Verdict.DEAD
    assert "10.0.0.7" in why


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with receiver() as inside:

        def away(_: object) -> Answer:
            return Answer(302, {"Location": f"{inside.url}/secret"})

        with receiver(away) as outside:
            plan = f"""
destinations: {{desk: {{kind: webhook, url: {outside.url}, give_up: 1s}}}}
default: desk
"""
            log = MemoryAlerts()
            log.add(alert())
            with delivering(plan, log, tmp_path) as running:
                outside.wait_for(2)
                running.wait_until("SELECT min(error) FROM deliveries", [("HTTP 302",)])
        assert inside.got == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("gopher://example.com/", "must begin with https"),
        ("https://user:made-up@example.com/", "holds a user or password"),
        ("https://example.com@127.0.0.1/", "holds a user or password"),
        ("https://example.com\\@127.0.0.1/", "characters"),
        ("https://example.com/#@127.0.0.1", "behind `#`"),
        ("https://exa mple.com/", "characters"),
        ("https://example.com/\r\nHost: x", "characters"),
        ("https:///path", "names no host"),
        ("https://example.com:0/", "no such port"),
        ("https://example.com:99999/", "no address"),
        ("https://ex\u0430mple.com/", "characters"),
        ("https://example.com/hook", None),
        ("https://example.com:8443/hook?x=1", None),
    ],
)
def test_addresses_that_are_refused_as_they_are_written(url: str, why: str | None) -> None:
    found = fault_of_url(url)
    assert found is None if why is None else why in (found or "")


@pytest.mark.parametrize(
    ("address", "port", "tls", "why"),
    [
        ("93.184.216.34", 443, True, None),
        ("2606:2800:220:1:248:1893:25c8:1946", 443, True, None),
        ("93.184.216.34", 443, False, "without TLS"),
        ("93.184.216.34", 22, True, "port 22"),
        ("93.184.216.34", 6379, True, "port 6379"),
        ("64:ff9b::5db8:d822", 443, True, None),
        ("::ffff:93.184.216.34", 443, True, None),
        ("no address", 443, True, "no address"),
    ],
)
def test_public_addresses_over_tls_on_the_usual_ports(
    address: str, port: int, tls: bool, why: str | None
) -> None:
    found = refusal(address, port, (), tls=tls, ports=WEB_PORTS)
    assert found is None if why is None else why in (found or "")


@pytest.mark.parametrize("text", ["ten", "10.0.0.1/8", "10.0.0.0/33", ""])
def test_a_network_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"deliver\.allow"):
        parse_networks([text])
