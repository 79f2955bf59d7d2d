"""What a sender cannot do: pretend, fill memory, hold places, or get a 202 for what is not kept."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from sla_engine.ingest.door import DoorSettings
from sla_engine.ingest.server import BoundedProtocol
from sla_engine.limits import EVENT_BYTES_MAX, GATEWAY_BATCH_BYTES_MAX, GATEWAY_REQUESTS_MAX
from tests.gateway.serving import BATCH, PROVEN, TOKEN, Gateway, MemoryLog, event, gateway

HEAD = (
    "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n"
    f"Authorization: Bearer {TOKEN}\r\n"
)


def connect(door: Gateway) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.port), timeout=30)


def answer_of(connection: socket.socket) -> bytes:
    """All bytes until the gateway closes the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}"),
        *(TOKEN, f"Bearer {TOKEN} {TOKEN}", "Bearer sla_\xff", f"Bearer {TOKEN.upper()}"),
    ],
)
def test_every_failed_proof_gets_the_same_answer(
    door: Gateway, log: MemoryLog, authorization: str
) -> None:
    expected = door.client.post("/v1/events", content=b"")
    headers = {**BATCH, "Authorization": authorization.encode("latin-1")}
    answer = door.client.post("/v1/events", content=b"[]", headers=headers)
    assert (answer.status_code, answer.content) == (401, expected.content)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert log.records == []


def test_a_token_that_comes_twice_proves_nothing(door: Gateway) -> None:
    headers = [*BATCH.items(), *PROVEN.items(), *PROVEN.items()]
    assert door.client.post("/v1/events", content=b"[]", headers=headers).status_code == 401


def test_no_single_changed_byte_of_a_token_is_taken(door: Gateway) -> None:
    for i in range(len(TOKEN)):
        changed = TOKEN[:i] + ("A" if TOKEN[i] != "A" else "B") + TOKEN[i + 1 :]
        headers = {**BATCH, "Authorization": f"Bearer {changed}"}
        assert door.client.post("/v1/events", content=b"[]", headers=headers).status_code == 401


def test_a_token_may_be_changed_for_another_while_both_are_known(log: MemoryLog) -> None:
    with gateway(log, tokens={"desk": "old-token", "desk-2": "new-token"}) as door:
        for token in ("old-token", "new-token"):
            headers = {"Authorization": f"Bearer {token}"}
            assert door.post([event(token)], headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("batch", "bytes_max"), [(False, EVENT_BYTES_MAX), (True, GATEWAY_BATCH_BYTES_MAX)]
)
def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_413(
    door: Gateway, log: MemoryLog, batch: bool, bytes_max: int
) -> None:
    body = b"[]" if batch else b"{}"
    fits = door.post(body + b" " * (bytes_max - 2), headers=BATCH if batch else {})
    assert fits.status_code == (202 if batch else 400)
    answer = door.post(body + b" " * (bytes_max - 1), headers=BATCH if batch else {})
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


def test_413_comes_while_the_body_is_still_being_sent(door: Gateway) -> None:
    """No length is declared, and the sender never comes to an end."""
    with connect(door) as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
        for _ in range(EVENT_BYTES_MAX // 0x1000 + 1):
            connection.sendall(chunk)
        assert answer_of(connection).startswith(b"HTTP/1.1 413 ")


def test_a_declared_length_over_the_bound_is_answered_before_the_body(door: Gateway) -> None:
    with connect(door) as connection:
        connection.sendall(f"{HEAD}Content-Length: {10**15}\r\n\r\n".encode())
        assert answer_of(connection).startswith(b"HTTP/1.1 413 ")


def test_a_compressed_body_is_not_read(door: Gateway) -> None:
    answer = door.post(event(), headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["field"]) == (415, "content-encoding")


class Hasty(BoundedProtocol):
    """Waits a fifth of a second for a head."""

    head_ms = 200


def test_a_head_that_does_not_end_is_cut_off(log: MemoryLog) -> None:
    with gateway(log, protocol=Hasty) as door:
        with connect(door) as silent, connect(door) as slow, connect(door) as second:
            slow.sendall(b"POST /v1/events HTTP/1.1\r\nX: ")
            second.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\n")
            assert answer_of(silent) == b""
            assert answer_of(slow) == b""
            assert answer_of(second).count(b"HTTP/1.1 200") == 1
        assert door.post(event()).status_code == 202


def test_a_body_that_does_not_end_in_time_is_408(log: MemoryLog) -> None:
    with gateway(log, DoorSettings(body_ms=200)) as door, connect(door) as connection:
        connection.sendall(f"{HEAD}Content-Length: 100\r\n\r\n{{".encode())
        assert answer_of(connection).startswith(b"HTTP/1.1 408 ")


def test_senders_that_hold_every_place_do_not_make_it_grow(log: MemoryLog, door: Gateway) -> None:
    held = [connect(door) for _ in range(GATEWAY_REQUESTS_MAX)]
    try:
        for connection in held:
            connection.sendall(
                f"{HEAD}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            # The interim answer says that the body is being read: the place is taken.
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        answer = door.post(event())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    finally:
        for connection in held:
            connection.close()


def test_more_events_than_the_rate_are_429_until_time_has_passed(log: MemoryLog) -> None:
    with gateway(log, DoorSettings(rate=10), tokens={"desk": TOKEN, "other": "b"}) as door:
        assert door.post([event(str(i)) for i in range(1000)]).status_code == 202
        answer = door.post([event("again")])
        assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY")
        other = door.post([event("x")], headers={"Authorization": "Bearer b"})
        assert other.status_code == 202, "another source is not held back"
        door.clock.ms += 1000 * int(answer.headers["retry-after"])
        assert door.post([event("again")]).status_code == 202
        late = door.post([event(str(i)) for i in range(1000)])
        assert late.headers["retry-after"] == "100"


def test_no_202_before_the_log_has_the_last_event(door: Gateway, log: MemoryLog) -> None:
    log.hold = True
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(door.post, [event("1"), event("2")])
        log.wait_for_held(2)
        (first, second), log.held = log.held, []
        first[1](first[0], 0, "")
        # What comes in meanwhile is served: the loop is free, and the first answer is not there.
        assert door.client.get("/healthz").status_code == 200
        assert not answer.done()
        second[1](second[0], 1, "")
        assert answer.result(30).status_code == 202


def test_what_the_log_does_not_take_is_503(door: Gateway, log: MemoryLog) -> None:
    log.error = "the disk is full"
    answer = door.post(event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "disk" not in answer.text
    log.error = ""
    assert door.post(event()).status_code == 202


def test_a_log_that_does_not_answer_fills_no_memory(log: MemoryLog) -> None:
    log.hold = True
    with gateway(log, DoorSettings(in_flight=10)) as door, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(door.post, [event(str(i)) for i in range(8)])
        log.wait_for_held(8)
        answers = [door.post([event("a"), event("b"), event("c")]) for _ in range(5)]
        assert {(a.status_code, a.headers["retry-after"]) for a in answers} == {(503, "1")}
        assert len(log.held) == 8
        log.release()
        assert waiting.result(30).status_code == 202
        assert door.post([event("a"), event("b"), event("c")]).status_code == 202


def test_what_a_sender_left_behind_still_counts_until_the_log_answers(log: MemoryLog) -> None:
    log.hold = True
    with gateway(log, DoorSettings(in_flight=1)) as door:
        with connect(door) as connection:
            body = b'{"specversion":"1.0","id":"1","source":"d","type":"incident.created"'
            body += b',"subject":"1","time":"2026-11-23T09:00:00Z"}'
            connection.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            log.wait_for_held(1)
        assert door.post(event("2")).status_code == 503
        log.release()
        wait = threading.Event()
        while door.post(event("3")).status_code != 202:
            wait.wait(0.01)


def test_a_stop_finishes_what_is_on_its_way(log: MemoryLog) -> None:
    log.hold = True
    with ThreadPoolExecutor(1) as pool:
        with gateway(log) as door:
            answer: Any = pool.submit(
                httpx.post,
                f"http://127.0.0.1:{door.port}/v1/events",
                content=orjson.dumps([event()]),
                headers={**BATCH, **PROVEN},
                timeout=30,
                trust_env=False,
            )
            log.wait_for_held(1)
            threading.Timer(0.2, log.release).start()
        assert answer.result(30).status_code == 202


def test_a_small_answer_does_not_wait_for_the_senders_acknowledgement(door: Gateway) -> None:
    """Head and body are two writes; the second must not wait 40 ms (Nagle) on any connection."""
    took = []
    for _ in range(60):
        begun = time.perf_counter()
        door.client.get("/healthz")
        took.append(time.perf_counter() - begun)
    assert min(took[40:]) < 0.03
