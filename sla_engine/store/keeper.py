"""What the API keeps for itself in Redis, beside the partitions; see `sla_engine.api.keeper`."""

from __future__ import annotations

from hashlib import sha256

from sla_engine.limits import API_AUDIT_MAX, STORE_TIMEOUT_MS
from sla_engine.store.link import Link


class RedisKeeper:
    """Tokens in one hash, the audit trail in one stream, commands as keys that expire."""

    def __init__(
        self, url: str, prefix: str = "sla:", *, timeout_s: float = STORE_TIMEOUT_MS / 1000
    ) -> None:
        self._link = Link(url, timeout_s=timeout_s)
        self._tokens = f"{prefix}{{api}}:tokens"
        self._trail = f"{prefix}{{api}}:audit"
        self._commands = f"{prefix}{{api}}:command:"

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def tokens(self) -> dict[str, bytes]:
        """What is kept of each token, by its name."""
        found = self._link.run("HGETALL", self._tokens)
        return {name.decode(): kept for name, kept in found.items()}

    def add_token(self, name: str, kept: bytes) -> bool:
        """Keep a token; False when the name is taken."""
        return bool(self._link.run("HSETNX", self._tokens, name, kept))

    def drop_token(self, name: str) -> bool:
        """Forget a token; False when there is none of the name."""
        return bool(self._link.run("HDEL", self._tokens, name))

    def first(self, key: str, value: bytes, kept_ms: int) -> bytes:
        """What was given first under the key in the last `kept_ms`: `value` if nothing was."""
        name = self._commands + sha256(key.encode()).hexdigest()
        if self._link.run("SET", name, value, "PX", kept_ms, "NX"):
            return value
        before: bytes | None = self._link.run("GET", name)
        return value if before is None else before

    def note(self, entry: bytes) -> None:
        """Put an entry at the end of the audit trail; the oldest goes when there are too many."""
        self._link.run("XADD", self._trail, "MAXLEN", "~", API_AUDIT_MAX, "*", "d", entry)

    def notes(self, before: str, limit: int) -> list[tuple[str, bytes]]:
        """(id, entry) of the trail, the newest first, those before an id ("": from the end)."""
        end = f"({before}" if before else "+"
        found = self._link.run("XREVRANGE", self._trail, end, "-", "COUNT", limit)
        return [(entry_id.decode(), fields[b"d"]) for entry_id, fields in found]
