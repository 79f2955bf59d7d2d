"""The telemetry port: what a scraper and a supervisor get to see."""

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sla_engine.errors import ConfigError
from sla_engine.telemetry import Metrics, TelemetryServer
from sla_engine.telemetry.server import REQUESTS_MAX

Answer = tuple[int, str]


@contextmanager
def serving(
    healthy: Callable[[], str | None] = lambda: None,
    ready: Callable[[], str | None] = lambda: None,
) -> Iterator[TelemetryServer]:
    with TelemetryServer(Metrics().render, healthy=healthy, ready=ready, port=0) as server:
        yield server


def ask(server: TelemetryServer, path: str, method: str = "GET") -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_healthy_and_ready_engine_answers_ok() -> None:
    with serving() as server:
        assert ask(server, "/healthz") == (200, "ok\n")
        assert ask(server, "/readyz") == (200, "ok\n")
        status, text = ask(server, "/metrics?x=1")
        assert status == 200
        assert "# TYPE sla_batches_total counter" in text


def test_the_reason_is_given_when_it_is_not() -> None:
    with serving(ready=lambda: "Redis does not answer") as server:
        assert ask(server, "/readyz") == (503, "Redis does not answer\n")
        assert ask(server, "/healthz")[0] == 200


def test_a_question_that_fails_is_an_answer_too() -> None:
    def broken() -> str | None:
        raise RuntimeError("a detail that stays inside")

    with serving(healthy=broken) as server:
        status, text = ask(server, "/healthz")
        assert status == 500
        assert "detail" not in text


def test_nothing_else_is_served() -> None:
    with serving() as server:
        assert ask(server, "/")[0] == 404
        assert ask(server, "/metrics", "POST")[0] == 501
        assert ask(server, "/metrics", "HEAD") == (200, "")


def test_idle_connections_cannot_take_all_threads() -> None:
    with serving() as server:
        idle = [
            socket.create_connection(("127.0.0.1", server.port), timeout=10)
            for _ in range(REQUESTS_MAX + 1)
        ]
        # The one over the limit is closed at once; the others are given their time.
        assert idle[-1].recv(1) == b""
        for connection in idle:
            connection.close()


def test_a_port_in_use_is_refused_by_name() -> None:
    with serving() as server, pytest.raises(ConfigError, match=r"telemetry\.metrics_port"):
        TelemetryServer(
            Metrics().render, healthy=lambda: None, ready=lambda: None, port=server.port
        )
