"""TLS to a checked address: the certificate must be of the name, not of the address."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sla_engine.deliver.guard import Guard
from sla_engine.deliver.http import HttpClient
from sla_engine.deliver.plan.addresses import WEB_PORTS, parse_networks
from sla_engine.deliver.plan.message import Request, Verdict
from tests.services.process import missing

NAME = "hooks.example.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of the name and its key."""
    if shutil.which("openssl") is None:
        missing("openssl", "install the package openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(made), "-subj", f"/CN={NAME}"),
            *("-addext", f"subjectAltName=DNS:{NAME}"),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


def told(certificate: tuple[Path, Path], name: str, *, trusted: bool) -> tuple[Verdict, str, Any]:
    """What came of a request to that name, and the server's name that TLS was asked for."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*certificate)
    names: list[str | None] = []
    served.sni_callback = lambda _, asked, __: names.append(asked)
    trusting = ssl.create_default_context(cafile=str(certificate[0]) if trusted else None)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def ask() -> tuple[Verdict, str]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served)
        port = server.sockets[0].getsockname()[1]

        def lookup(*_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        url = f"https://{name}:{port}/"
        guard = Guard(parse_networks(["127.0.0.1"]), WEB_PORTS, lookup=lookup)
        client = HttpClient(guard, url, 1, trusting)
        outcome = await client.send(Request("POST", url, {}, b"{}"), 0)
        await client.close()
        server.close()
        return outcome.verdict, outcome.why

    verdict, why = asyncio.run(ask())
    return verdict, why, names


def test_the_name_is_asked_for_and_its_certificate_taken(certificate: tuple[Path, Path]) -> None:
    verdict, why, names = told(certificate, NAME, trusted=True)
    assert (verdict, why, names) == (Verdict.SENT, "", [NAME])


def test_a_certificate_of_another_name_is_not_taken(certificate: tuple[Path, Path]) -> None:
    verdict, why, _ = told(certificate, "other.example.test", trusted=True)
    assert verdict is Verdict.AGAIN
    assert "certificate" in why.lower()


def test_a_certificate_that_nobody_signed_is_not_taken(certificate: tuple[Path, Path]) -> None:
    verdict, why, _ = told(certificate, NAME, trusted=False)
    assert verdict is Verdict.AGAIN
    assert "certificate" in why.lower()
