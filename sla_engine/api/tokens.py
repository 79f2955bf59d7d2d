"""Bearer tokens of the API: shown once, kept as hashes, each with scopes and tenants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

import msgspec
import orjson

from sla_engine.api.keeper import Keeper
from sla_engine.api.refusals import all_tenants_only, not_allowed, not_proven, other_tenant
from sla_engine.errors import ConfigError, StoreError
from sla_engine.ingest.tokens import hash_of, new_token
from sla_engine.limits import API_TOKENS_MAX, ID_BYTES_MAX

SCOPES: Final[Mapping[str, str]] = {
    "read": "see incidents, clocks, customers and alerts",
    "act": "acknowledge, snooze, override, exclude",
    "admin": "see dead letters and the audit trail",
}
DEFAULT_TENANT: Final = "default"

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Token(msgspec.Struct, frozen=True):
    """What is kept of a token. `tenants` None: all of them."""

    name: str
    hash: str
    scopes: tuple[str, ...]
    tenants: tuple[str, ...] | None
    made: str

    def shown(self) -> dict[str, Any]:
        """For `token list`: everything but the hash."""
        return {
            "name": self.name,
            "scopes": list(self.scopes),
            "tenants": None if self.tenants is None else list(self.tenants),
            "made": self.made,
        }


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may."""

    name: str
    scopes: tuple[str, ...]
    tenants: tuple[str, ...] | None

    def may(self, scope: str) -> Caller:
        """Itself; Refusal 403 without the scope."""
        if scope not in self.scopes:
            raise not_allowed(scope)
        return self

    def tenant(self, asked: str | None) -> str:
        """The one tenant that is meant; Refusal 403 if the token is not for it."""
        if asked is None:
            alone = self.tenants is not None and len(self.tenants) == 1
            asked = self.tenants[0] if alone and self.tenants else DEFAULT_TENANT
        if self.tenants is not None and asked not in self.tenants:
            raise other_tenant()
        return asked

    def among(self, asked: str | None) -> frozenset[str] | None:
        """The tenants that are meant; None = all. Refusal 403 if the token is not for it."""
        if asked is not None:
            return frozenset((self.tenant(asked),))
        return None if self.tenants is None else frozenset(self.tenants)

    def of_all_tenants(self) -> Caller:
        """Itself; Refusal 403 if the token is for some tenants only."""
        if self.tenants is not None:
            raise all_tenants_only()
        return self


def make_token(
    keeper: Keeper,
    name: str,
    scopes: Sequence[str],
    tenants: Sequence[str] | None,
    made: str,
) -> str:
    """A new token, which is kept nowhere; ConfigError for what cannot be."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"`{name}` is no name; take up to 32 of a-z, 0-9, `_`, `-`")
    if not scopes or set(scopes) - SCOPES.keys():
        raise ConfigError(f"scopes are {', '.join(SCOPES)}; give one or more")
    for tenant in tenants or ():
        if not tenant or len(tenant.encode()) > ID_BYTES_MAX:
            raise ConfigError(f"a tenant has 1 to {ID_BYTES_MAX} bytes")
    if len(keeper.tokens()) >= API_TOKENS_MAX:
        raise ConfigError(f"there are {API_TOKENS_MAX} tokens; revoke those that nobody uses")
    text = new_token()
    own = None if tenants is None else tuple(tenants)
    token = Token(name, hash_of(text), tuple(scopes), own, made)
    if not keeper.add_token(name, msgspec.json.encode(token)):
        raise ConfigError(f"there is a token `{name}`; take another name, or revoke it first")
    return text


def all_tokens(keeper: Keeper) -> list[Token]:
    """The tokens in force, by name."""
    return [_read(name, kept) for name, kept in sorted(keeper.tokens().items())]


def _read(name: str, kept: bytes) -> Token:
    try:
        return msgspec.json.decode(kept, type=Token)
    except msgspec.DecodeError as error:
        raise StoreError(f"what the store keeps of token `{name}` is none: {error}") from error


def caller_of(keeper: Keeper, authorization: str) -> Caller:
    """Whose token the header `Authorization` carries; Refusal 401 if nobody's.

    All hashes are compared, each in constant time: how long it takes tells nothing.
    """
    scheme, _, text = authorization.partition(" ")
    given = hash_of(text.strip())
    found: Token | None = None
    for token in all_tokens(keeper):
        if compare_digest(given, token.hash):
            found = token
    if found is None or scheme.lower() != "bearer":
        raise not_proven()
    return Caller(found.name, found.scopes, found.tenants)


def audit(keeper: Keeper, time: str, by: str, action: str, **said: Any) -> None:
    """An entry of the audit trail: who did what."""
    keeper.note(orjson.dumps({"time": time, "by": by, "action": action, **said}))
