"""Versions: the hash of what a policy, or a whole set, says when everything is resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import Final

from sla_engine.policy.model import Condition, Policy, PolicySet

_DIGITS: Final = 12
#: Where and how something was written, and the hash itself, say nothing about what it means.
_NOT_MEANING: Final = frozenset({"where", "version", "texts"})


def policy_version(policy: Policy) -> str:
    """12 hex digits of the SHA-256 of the policy's canonical form (contracts section 3)."""
    return _hash(policy)


def set_version(policies: PolicySet) -> str:
    """The same over everything that the directory says."""
    return _hash(policies)


def canonical(value: object) -> object:
    """Plain JSON values that two equal meanings share: names sorted, conditions as their text."""
    if isinstance(value, Condition):
        return value.text
    if isinstance(value, Enum):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        found: dict[str, object] = {"is": type(value).__name__}
        for field in fields(value):
            if field.name not in _NOT_MEANING:
                found[field.name] = canonical(getattr(value, field.name))
        return found
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _hash(value: object) -> str:
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:_DIGITS]
