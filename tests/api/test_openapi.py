"""The OpenAPI documents say what the API and the gateway do: nothing undocumented, no 5xx."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from sla_engine.api.bodies import read_body
from sla_engine.api.commands import COMMANDS
from tests.api.serving import served
from tests.docs.pages import ROOT
from tests.follow.desk import Desk
from tests.gateway.serving import TOKEN, MemoryLog, gateway

DOCUMENT = orjson.loads((ROOT / "docs" / "openapi.json").read_bytes())
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance,unsupported_method,ignored_auth"
)
EXAMPLES = 12
SECONDS = 20


def tried(document: Path, url: str, token: str, folder: Path) -> str:
    """What Schemathesis prints when it finds nothing; AssertionError with what it found."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", url),
        *("-H", f"Authorization: Bearer {token}", "--checks", CHECKS, "--no-color"),
        *("--max-examples", str(EXAMPLES), "--max-time", str(SECONDS), "--seed", "1"),
        *("--phases", "examples,coverage,fuzzing", "--generation-deterministic"),
        *("--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_schemathesis_finds_nothing_in_the_api(desk: Desk, tmp_path: Path) -> None:
    with served(desk, stream_ms=0) as api:
        token = api.client("read", "act", "admin").headers["authorization"].removeprefix("Bearer ")
        url = f"http://127.0.0.1:{api.port}"
        said = tried(ROOT / "docs" / "openapi.json", url, token, tmp_path)
        answers = re.findall(
            rb'sla_api_requests_total\{route="(/v1[^"]*)",status="(\d+)"\}', api.metrics.render()
        )
    assert said
    statuses: dict[bytes, set[bytes]] = {}
    for route, status in answers:
        statuses.setdefault(route, set()).add(status)
    assert len(statuses) == len(DOCUMENT["paths"]) - 2, "every address was tried"
    good = {b"200", b"202"}
    reached = {route for route, found in statuses.items() if found & good}
    # Ids of incidents and customers are drawn: that they are found is not to be hoped for.
    assert {
        route for route in statuses if b"{" not in route and b"commands" not in route
    } <= reached


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_schemathesis_finds_nothing_in_the_gateway(tmp_path: Path) -> None:
    log = MemoryLog()
    with gateway(log) as door:
        document = ROOT / "docs" / "openapi-gateway.json"
        tried(document, f"http://127.0.0.1:{door.port}", TOKEN, tmp_path)


def test_the_documents_that_are_served_are_those_in_docs(desk: Desk) -> None:
    with served(desk) as api:
        assert api.bare().get("/openapi.json").json() == DOCUMENT
    with gateway(MemoryLog()) as door:
        kept = orjson.loads((ROOT / "docs" / "openapi-gateway.json").read_bytes())
        assert door.client.get("/openapi.json").json() == kept


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_examples_of_commands_are_taken(name: str) -> None:
    body = DOCUMENT["paths"][f"/v1/commands/{name}"]["post"]["requestBody"]
    example = body["content"]["application/json"]["example"]
    assert read_body(COMMANDS[name], orjson.dumps(example))


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, some in DOCUMENT["paths"].items()
        for method, operation in some.items()
    ]


@pytest.mark.parametrize(("name", "operation"), operations(), ids=lambda value: str(value)[:40])
def test_every_operation_says_who_may_and_what_goes_wrong(
    name: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    if "healthz" in name or "readyz" in name:
        assert "security" not in operation
        return
    assert operation["security"] == [{"HTTPBearer": []}]
    assert {"400", "401", "403", "503"} <= set(operation["responses"])
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"]
