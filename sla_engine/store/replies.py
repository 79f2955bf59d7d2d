"""What Redis answers, as the engine's errors and headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterCrossSlotError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from sla_engine.engine.ports import Header, LogIdentity
from sla_engine.errors import Fenced, StoreError, StoreRefused, StoreUnavailable
from sla_engine.store.keys import EXTRA

_WAIT: Final = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, ClusterDownError)
_WAIT_CODES: Final = frozenset({"BUSY", "NOREPLICAS", "MASTERDOWN", "LOADING", "UNKILLABLE"})
_DENIED_IN_FUNCTION: Final = ("ACL failure", "The user executing the script can't")
_CLUSTER: Final = (AskError, ClusterCrossSlotError, TryAgainError)


def store_error(error: RedisError, place: str, partition: int | None = None) -> StoreError:
    """The engine's error for one of the client library; `place` names the server, no password."""
    where = f"Redis at {place}"
    text = str(error) or type(error).__name__
    if isinstance(error, AuthenticationError):
        return StoreRefused(
            f"{where} refuses the user or password of [redis] url: {text}", code="NO_LOGIN"
        )
    if isinstance(error, NoPermissionError) or text.startswith(_DENIED_IN_FUNCTION):
        return StoreRefused(
            f"{where} does not permit a command the engine needs: {text}: extend the rules of the "
            f"user in [redis] url (ACL SETUSER)",
            code="NO_PERMISSION",
        )
    if isinstance(error, _CLUSTER):
        return StoreRefused(
            f"{where} is a node of a cluster ({text}): give [redis] url a server of its own",
            code="CLUSTER",
        )
    if isinstance(error, _WAIT):
        return StoreUnavailable(f"{where} does not answer: {text}")
    if isinstance(error, OutOfMemoryError):
        return StoreRefused(
            f"{where} is full: {text}: raise `maxmemory`; nothing was lost, the write was refused",
            code="OOM",
        )
    return _by_code(error, text, where, partition)


def _by_code(error: RedisError, text: str, where: str, partition: int | None) -> StoreError:
    code, _, rest = text.partition(" ")
    if code == "FENCED":
        return Fenced(f"partition {partition}: {rest}")
    if code == "BEYOND":
        return StoreError(f"partition {partition}: {rest}", code="BEYOND")
    if code == "MISCONF":
        return StoreRefused(
            f"{where} cannot write to its disk and refuses writes: {rest}: free space or mend the "
            f"disk; nothing was lost, the write was refused",
            code="MISCONF",
        )
    if code in _WAIT_CODES:
        return StoreUnavailable(f"{where} cannot serve just now: {text}")
    if isinstance(error, ResponseError) and "unknown command" in text.lower():
        return StoreRefused(
            f"{where} lacks a command the engine needs ({text}): it must be Redis 7.0 or newer, "
            f"or Valkey",
            code="TOO_OLD",
        )
    subject = "" if partition is None else f"partition {partition}: "
    return StoreError(f"{subject}{where} refused a call: {text}")


def header_of(fields: Mapping[bytes, bytes]) -> tuple[Header, bytes]:
    """Header and owner token from the header hash; an empty one was never claimed."""
    if not fields:
        return Header(), b""
    extra = {
        name.removeprefix(EXTRA).decode(): value
        for name, value in fields.items()
        if name.startswith(EXTRA)
    }
    header = Header(
        next_offset=int(fields[b"next"]),
        sequence=int(fields[b"sequence"]),
        trimmed_to=int(fields[b"trimmed"]),
        alerts_position=int(fields[b"alerts"]),
        identity=LogIdentity(
            fields[b"topic"].decode(), fields[b"topic_id"].decode(), int(fields[b"partitions"])
        ),
        extra=extra,
    )
    return header, fields[b"token"]


def pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """`[name, value, name, value]`, as a function returns a hash, as a mapping."""
    return dict(zip(flat[::2], flat[1::2], strict=True))
