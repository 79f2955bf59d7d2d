"""The connection to Redis: commands, the log's functions, and errors as the engine's own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from sla_engine.errors import ConfigError, LogError, LogUnavailable
from sla_engine.limits import STORE_TIMEOUT_MS

LIBRARY: Final = Path(__file__).with_name("functions.lua")
FUNCTION: Final = "sla_log_v1_"
UNKNOWN_TOPIC: Final = "UNKNOWN_TOPIC"

#: No answer, or the answer of a server that cannot write just now.
WAIT_FOR: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    MasterDownError,
    TryAgainError,
    ClusterDownError,
)
DISK_FULL: Final = "MISCONF"

Command = tuple[str | bytes | int, ...]


@cache
def library() -> str:
    """The source of the functions."""
    return LIBRARY.read_text(encoding="utf-8")


def call(name: str, keys: Sequence[str], *arguments: str | bytes | int) -> Command:
    """The command that calls one of the log's functions."""
    return ("FCALL", FUNCTION + name, len(keys), *keys, *arguments)


class LogClient:
    """Commands to one server, one caller at a time; every error is a LogError or LogUnavailable.

    Nothing is retried here: the callers know what may be repeated.
    """

    def __init__(self, url: str, *, timeout_s: float = STORE_TIMEOUT_MS / 1000) -> None:
        try:
            self._client = redis.Redis.from_url(
                url,
                protocol=2,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError):
            # The library's text may quote the address, and with it the password.
            raise ConfigError(
                "redis.url is malformed: it must read redis://[user:password@]host:port/database,"
                " rediss://... for TLS, or unix:///path/of/the/socket"
            ) from None
        # As they come: the library's own parsing makes a dictionary per entry.
        for name in ("XREAD", "XRANGE", "XREVRANGE"):
            self._client.set_response_callback(name, _as_it_is)
        self._lock = threading.Lock()

    def run(self, *command: str | bytes | int) -> Any:
        """One command."""
        return self.run_all([command])[0]

    def run_all(self, commands: Sequence[Command]) -> list[Any]:
        """Commands in one round trip, each on its own; the first error is raised."""
        answers = self.try_all(commands)
        for answer in answers:
            if isinstance(answer, LogError):
                raise answer
        return answers

    def try_all(self, commands: Sequence[Command]) -> list[Any]:
        """Commands in one round trip; the answer of one that was refused is its LogError.

        LogUnavailable is raised when there is no answer at all: any of them may have been done.
        """
        with self._lock:
            try:
                answers = self._send(commands)
                if any(_function_is_missing(answer) for answer in answers):
                    self._client.function_load(library(), replace=True)
                    answers = [
                        self._send([command])[0] if _function_is_missing(answer) else answer
                        for command, answer in zip(commands, answers, strict=True)
                    ]
            except RedisError as error:
                raise from_redis(error) from error
        return [
            from_redis(answer) if isinstance(answer, RedisError) else answer for answer in answers
        ]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _send(self, commands: Sequence[Command]) -> list[Any]:
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipe.execute(raise_on_error=False)


def _as_it_is(answer: Any, **options: Any) -> Any:
    return answer


def _function_is_missing(answer: Any) -> bool:
    return isinstance(answer, ResponseError) and "Function not found" in str(answer)


def from_redis(error: RedisError) -> LogError:
    """The engine's error for one of the client library."""
    text = f"Redis (log): {error}"
    if isinstance(error, AuthenticationError | NoPermissionError):
        return LogError(f"{text}; check the user and the password in redis.url")
    if isinstance(error, WAIT_FOR) or str(error).startswith(DISK_FULL):
        return LogUnavailable(text)
    return LogError(text)
