"""Refuses a server that would lose state silently: one that evicts, or keeps nothing on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import redis
from redis.exceptions import ResponseError

from sla_engine.errors import StoreRefused

_VERSION_MIN: Final = (7, 0)
_OVERRIDE: Final = "set redis.allow_unsafe = true to accept that state may vanish"


@dataclass(frozen=True, slots=True)
class _Rule:
    setting: str
    in_info: str
    wanted: str
    danger: str

    def judge(self, value: str | None, place: str) -> str:
        """Empty if the value is right, else what is wrong and the way out."""
        way_out = f"`CONFIG SET {self.setting} {self.wanted}` and the same in its configuration"
        if value is None:
            return (
                f"Redis at {place} lets neither CONFIG GET nor INFO be read, so its "
                f"`{self.setting}` is unknown; it must be `{self.wanted}`. Permit one of them "
                f"(ACL: `+info` or `+config|get`), or {_OVERRIDE}"
            )
        if value == self.wanted:
            return ""
        return (
            f"Redis at {place} has `{self.setting} {value}`: {self.danger}. "
            f"It must be `{self.wanted}`: {way_out}, or {_OVERRIDE}"
        )


_RULES: Final = (
    _Rule(
        "maxmemory-policy",
        "maxmemory_policy",
        "noeviction",
        "when its memory is full it drops keys without an error, deadlines among them",
    ),
    _Rule(
        "appendonly",
        "aof_enabled",
        "yes",
        "what it was told since the last snapshot is gone when it stops",
    ),
)


def check_server(client: redis.Redis, place: str, *, allow_unsafe: bool = False) -> list[str]:
    """What could not be checked, and what was allowed though unsafe, as sentences.

    Raises StoreRefused for a server older than 7.0 (it has no functions, whatever is allowed), and,
    unless allowed, for one that evicts or does not persist or hides it. The settings come from
    CONFIG GET, or from INFO where that is denied. `maxmemory` does not matter: it can be set on a
    running server, and the policy then decides what happens.
    """
    info = _info(client)
    notes = _check_version(info, place)
    config = _config(client)
    if config is None and info is not None:
        notes.append(f"Redis at {place} denies CONFIG GET: its settings were read from INFO")
    faults = [rule.judge(_value(rule, config, info), place) for rule in _RULES]
    faults = [fault for fault in faults if fault]
    if faults and not allow_unsafe:
        raise StoreRefused("; ".join(faults))
    return notes + [f"allowed by redis.allow_unsafe: {fault}" for fault in faults]


def _check_version(info: Mapping[str, object] | None, place: str) -> list[str]:
    if info is None:
        return [f"Redis at {place} denies INFO: its version was not checked"]
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < _VERSION_MIN:
        raise StoreRefused(
            f"Redis at {place} is version {version or 'unknown'}: the engine needs functions, "
            f"which came with Redis 7.0; install 7.0 or newer, or Valkey",
            code="TOO_OLD",
        )
    return []


def _value(
    rule: _Rule, config: Mapping[str, str] | None, info: Mapping[str, object] | None
) -> str | None:
    if config is not None and rule.setting in config:
        return config[rule.setting]
    if info is None or rule.in_info not in info:
        return None
    return {"1": "yes", "0": "no"}.get(str(info[rule.in_info]), str(info[rule.in_info]))


def _info(client: redis.Redis) -> Mapping[str, object] | None:
    try:
        return client.info()
    except ResponseError:
        return None


def _config(client: redis.Redis) -> Mapping[str, str] | None:
    """The settings of the rules; None where the server denies it or knows no CONFIG."""
    found: dict[str, str] = {}
    try:
        for rule in _RULES:
            value = client.config_get(rule.setting).get(rule.setting)
            if value is not None:
                found[rule.setting] = value
    except ResponseError:
        return None
    return found
