"""Vendors' webhooks: which there are, whether a request is proven, and whether it came before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sla_engine.errors import ConfigError
from sla_engine.ingest.modes import Header
from sla_engine.ingest.problem import busy
from sla_engine.ingest.tokens import Tokens
from sla_engine.limits import (
    HOOK_PROOFS_KEPT_MS,
    HOOK_PROOFS_MAX,
    SECRET_BYTES_MIN,
    SECRETS_PER_HOOK_MAX,
)
from sla_engine.source.model import Source
from sla_engine.source.signature import (
    STANDARD_KEY_BYTES,
    Scheme,
    proof_of,
    single,
    standard_key,
)

_NOBODYS = b"compared with when there is no such hook"


class Proofs:
    """What has been taken, so that the same request does nothing a second time; bounded.

    One that is over `kept_ms` old is forgotten, and the oldest when there are too many; what
    comes again after that is a duplicate for the engine, by the ids of its events.
    """

    def __init__(self, most: int = HOOK_PROOFS_MAX, kept_ms: int = HOOK_PROOFS_KEPT_MS) -> None:
        self._most = most
        self._kept_ms = kept_ms
        self._taken: OrderedDict[bytes, int] = OrderedDict()
        self._under_way: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._taken)

    def begin(self, proof: bytes, now_ms: int) -> bool:
        """Whether the request is new; Refusal 503 while another one of it is being taken."""
        while self._taken and next(iter(self._taken.values())) <= now_ms - self._kept_ms:
            self._taken.popitem(last=False)
        if proof in self._under_way:
            raise busy("the same request is being taken just now; send it again")
        if proof in self._taken:
            return False
        self._under_way.add(proof)
        return True

    def end(self, proof: bytes, now_ms: int, *, taken: bool) -> None:
        """The log has its events, or not: then it may come again."""
        self._under_way.discard(proof)
        if taken:
            self._taken[proof] = now_ms
            if len(self._taken) > self._most:
                self._taken.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Hook:
    """One address `/v1/hooks/NAME`."""

    name: str
    source: Source
    secrets: tuple[bytes, ...] = field(repr=False)
    proofs: Proofs = field(default_factory=Proofs)


@dataclass(frozen=True, slots=True)
class Proven:
    """A request that was proven; `proof` None: its vendor signs nothing to know it by."""

    hook: Hook
    proof: bytes | None


class Hooks:
    """All hooks, by name."""

    def __init__(self, hooks: Sequence[Hook], tokens: Tokens) -> None:
        """ConfigError naming every hook that could not be proven, and what is missing."""
        self._hooks = {hook.name: hook for hook in hooks}
        self._tokens = tokens
        if len(self._hooks) < len(hooks):
            raise ConfigError("gateway.hooks: a name stands there twice; give each hook its own")
        wrong = [why for hook in hooks for why in _faults(hook, tokens)]
        if wrong:
            raise ConfigError("; ".join(wrong))

    @property
    def names(self) -> set[str]:
        """The names there are."""
        return set(self._hooks)

    def proofs_of(self, name: str) -> Proofs:
        """What a hook has taken; nothing for a name that no hook has."""
        return self._hooks[name].proofs if name in self._hooks else Proofs()

    def proven(
        self, name: str, headers: Sequence[Header], body: bytes, now_ms: int
    ) -> Proven | None:
        """The hook, if the request proves itself there. A name that no hook has costs as much."""
        hook = self._hooks.get(name)
        if hook is None:
            proof_of(Scheme.HUB, [_NOBODYS], headers, body, now_ms)
            return None
        if hook.source.scheme is Scheme.BEARER:
            who = self._tokens.who(single(headers, "authorization") or "")
            return Proven(hook, None) if who == name else None
        proof = proof_of(hook.source.scheme, hook.secrets, headers, body, now_ms)
        return None if proof is None else Proven(hook, proof)


def _faults(hook: Hook, tokens: Tokens) -> list[str]:
    named = f"gateway.hooks: {hook.name}"
    if hook.source.scheme is Scheme.BEARER:
        if hook.secrets:
            return [
                f"{named}: {hook.source.kind} signs nothing; give it an entry of gateway.tokens"
            ]
        if hook.name not in tokens.names:
            return [
                f"{named}: {hook.source.kind} proves itself by a bearer token; run `sla-engine "
                f"gateway --new-token {hook.name}`"
            ]
        return []
    if hook.name in tokens.names:
        return [f"{named}: gateway.tokens has that name too; give one of them another"]
    if not 1 <= len(hook.secrets) <= SECRETS_PER_HOOK_MAX:
        return [
            f"{named}: has {len(hook.secrets)} secrets; list one in gateway.secrets, or two while "
            "it is being changed"
        ]
    if any(len(secret) < SECRET_BYTES_MIN for secret in hook.secrets):
        return [f"{named}: a secret is under {SECRET_BYTES_MIN} bytes; take a longer one"]
    if hook.source.scheme is Scheme.STANDARD and None in map(standard_key, hook.secrets):
        least, most = STANDARD_KEY_BYTES
        return [
            f"{named}: a secret is none of Standard Webhooks; give one like whsec_BASE64, with "
            f"{least} to {most} bytes in it"
        ]
    return []
