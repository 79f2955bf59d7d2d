"""The functions inside Redis: their source, and the name that tells one version from another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import redis
from redis.exceptions import NoPermissionError, ResponseError

from sla_engine.errors import StoreRefused

_NAME_IN_SOURCE: Final = "sla_v1"
_DIGEST_CHARS: Final = 8


@dataclass(frozen=True, slots=True)
class Library:
    """Lua source as it is loaded; `name` begins the name of each of its functions.

    The name ends with a digest of the source: workers of two releases share a server without
    calling each other's functions, and a changed source cannot meet an old library.
    """

    name: str
    source: str

    def function(self, short: str) -> str:
        """The name to call: `commit` -> `sla_v1_<digest>_commit`."""
        return f"{self.name}_{short}"


@cache
def library() -> Library:
    """The functions of this release."""
    text = files("sla_engine.store").joinpath("functions.lua").read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]
    name = f"{_NAME_IN_SOURCE}_{digest}"
    return Library(name, text.replace(_NAME_IN_SOURCE, name))


def load_library(client: redis.Redis) -> None:
    """Make the functions callable; nothing happens when they are there already.

    Raises StoreRefused when they are not there and this user may not load them.
    """
    ours = library()
    try:
        client.function_load(ours.source)
    except NoPermissionError as error:
        if _answers(client, ours):
            return
        raise StoreRefused(
            f"the user of [redis] url may not load the engine's functions ({error}): allow it "
            f"`+function|load`, or let an administrator load sla_engine/store/functions.lua with "
            f"`{_NAME_IN_SOURCE}` replaced by `{ours.name}`",
            code="NO_PERMISSION",
        ) from error
    except ResponseError as error:
        if "already exists" not in str(error):
            raise


def _answers(client: redis.Redis, ours: Library) -> bool:
    try:
        client.fcall(ours.function("probe"), 0)
    except ResponseError as error:
        if is_missing(error):
            return False
        raise
    return True


def is_missing(error: Exception | None) -> bool:
    """Whether this is the answer of a server that does not have the functions (any more)."""
    return isinstance(error, ResponseError) and "Function not found" in str(error)
