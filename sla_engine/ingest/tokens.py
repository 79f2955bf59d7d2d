"""Bearer tokens: shown once when they are made, kept as hashes, compared in constant time."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest

from sla_engine.errors import ConfigError

_PREFIX = "sla_"
_HASH = re.compile(r"[0-9a-f]{64}")


def new_token() -> str:
    """A token that cannot be guessed: 256 bits, so that a plain hash of it is enough."""
    return _PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256 in hex."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class Tokens:
    """Who has which token; a name may have several, so that one can be changed for another."""

    def __init__(self, hashes: Iterable[tuple[str, str]]) -> None:
        """`hashes`: (name, hash in hex); ConfigError for what is no hash."""
        self._hashes = list(hashes)
        for name, digest in self._hashes:
            if not _HASH.fullmatch(digest):
                raise ConfigError(
                    f"gateway.tokens: what stands for {name} is no SHA-256 in hex; make one with "
                    f"`sla-engine gateway --new-token {name}`"
                )

    @property
    def names(self) -> set[str]:
        """Who has a token."""
        return {name for name, _ in self._hashes}

    def who(self, authorization: str) -> str | None:
        """Whose token the header `Authorization` carries; None if nobody's.

        All hashes are compared, each in constant time: how long it takes tells nothing.
        """
        scheme, _, token = authorization.partition(" ")
        given = hash_of(token.strip())
        found: str | None = None
        for name, digest in self._hashes:
            if compare_digest(given, digest):
                found = name
        return found if scheme.lower() == "bearer" else None
