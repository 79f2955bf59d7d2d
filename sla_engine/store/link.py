"""The connection to a server: one round trip at a time, errors of ours, functions loaded."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from sla_engine.errors import ConfigError
from sla_engine.store.guard import check_server
from sla_engine.store.library import is_missing, library, load_library
from sla_engine.store.replies import store_error

log = logging.getLogger(__name__)

Command = tuple[str | bytes | int, ...]


def fcall(name: str, keys: Command, arguments: Command) -> Command:
    """The command that calls one of our functions."""
    return ("FCALL", library().function(name), len(keys), *keys, *arguments)


def client_of(url: str, *, timeout_s: float) -> redis.Redis:
    """A client that sends each command once; ConfigError for a malformed address."""
    try:
        return redis.Redis.from_url(
            url,
            protocol=2,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError):
        # The library's text may quote the address, and with it the password.
        raise ConfigError(
            "redis.url is malformed: it must read redis://[user:password@]host:port/database, "
            "rediss://... for TLS, or unix:///path/of/the/socket"
        ) from None


class Link:
    """Runs commands; whatever the client library raises becomes the engine's error.

    Nothing connects before the first command, and nothing is sent twice by itself: a call without
    an answer within `timeout_s` raises StoreUnavailable, and the caller decides.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._client = client_of(url, timeout_s=timeout_s)
        self._begun: tuple[Any, int] | RedisError | None = None
        options = self._client.connection_pool.connection_kwargs
        network = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        self.place: str = str(options.get("path") or network)
        """`host:port` or the socket's path: what a message may show of an address."""

    def check(self, *, allow_unsafe: bool) -> None:
        """Refuse a server that loses data (see `guard`), then load the functions."""
        with self.errors():
            for note in check_server(self._client, self.place, allow_unsafe=allow_unsafe):
                log.warning("%s", note)
            load_library(self._client)

    def run(self, *command: str | bytes | int, partition: int | None = None) -> Any:
        """One command, one answer."""
        with self.errors(partition):
            return self._client.execute_command(*command)  # type: ignore[no-untyped-call]

    def run_all(self, commands: Sequence[Command], partition: int | None = None) -> list[Any]:
        """Commands in one round trip, not one transaction; the first error is raised."""
        with self.errors(partition):
            answers = self._send(commands)
            for answer in answers:
                if isinstance(answer, RedisError):
                    raise answer
        return answers

    def functions(self, calls: Sequence[Command]) -> list[Any]:
        """Answers and errors (as values) of function calls, in one round trip.

        A server that lost the functions gets them again. What it applied before it lost them is
        sent once more with the rest, and recognised.
        """
        with self.errors():
            answers = self._send(calls)
            if any(is_missing(answer) for answer in answers):
                load_library(self._client)
                log.info("functions loaded at %s", self.place)
                answers = self._send(calls)
        return answers

    def begin(self, commands: Sequence[Command]) -> None:
        """Send commands on a connection of their own; `answers` must follow. Never raises."""
        assert self._begun is None, "the answers of what was begun before are not read yet"
        connection = None
        try:
            connection = self._client.connection_pool.get_connection()
            packed = connection.pack_commands(commands)  # type: ignore[no-untyped-call]
            connection.send_packed_command(packed)  # type: ignore[no-untyped-call]
            self._begun = connection, len(commands)
        except RedisError as error:
            self._give_back(connection, broken=True)
            self._begun = error

    def answers(self) -> list[Any]:
        """Answers and errors (as values) of what was begun."""
        begun, self._begun = self._begun, None
        with self.errors():
            if not isinstance(begun, tuple):
                assert begun is not None, "nothing was begun"
                raise begun
            connection, count = begun
            whole = False
            try:
                found = [_answer_of(connection) for _ in range(count)]
                whole = True
            finally:
                self._give_back(connection, broken=not whole)
        return found

    def function(self, name: str, partition: int, keys: Command, arguments: Command) -> Any:
        """One function call of one partition."""
        (answer,) = self.functions([fcall(name, keys, arguments)])
        with self.errors(partition):
            if isinstance(answer, RedisError):
                raise answer
        return answer

    def scan(self, key: str, pattern: str, count: int) -> Iterator[tuple[bytes, bytes]]:
        """Fields of a hash whose names match, in slices of about `count`."""
        with self.errors():
            yield from self._client.hscan_iter(key, match=pattern, count=count)

    def close(self) -> None:
        """Close the connection; the next command opens another."""
        self._client.close()

    @contextmanager
    def errors(self, partition: int | None = None) -> Iterator[None]:
        """Turns the client library's errors into the engine's."""
        try:
            yield
        except RedisError as error:
            raise store_error(error, self.place, partition) from error

    def _give_back(self, connection: Any, *, broken: bool) -> None:
        if connection is None:
            return
        if broken:
            connection.disconnect()
        self._client.connection_pool.release(connection)

    def _send(self, commands: Sequence[Command]) -> list[Any]:
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipe.execute(raise_on_error=False)


def _answer_of(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
