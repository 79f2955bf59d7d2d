"""What the API keeps for itself, as a port: tokens, the audit trail, commands by their key."""

from __future__ import annotations

from typing import Protocol


class Keeper(Protocol):
    """Durable, shared by all processes of the API, used from any thread; raises StoreError."""

    def tokens(self) -> dict[str, bytes]:
        """What is kept of each token, by its name."""
        ...

    def add_token(self, name: str, kept: bytes) -> bool:
        """Keep a token; False when the name is taken."""
        ...

    def drop_token(self, name: str) -> bool:
        """Forget a token; False when there is none of the name."""
        ...

    def first(self, key: str, value: bytes, kept_ms: int) -> bytes:
        """What was given first under the key in the last `kept_ms`: `value` if nothing was."""
        ...

    def note(self, entry: bytes) -> None:
        """Put an entry at the end of the audit trail, which has a bounded length."""
        ...

    def notes(self, before: str, limit: int) -> list[tuple[str, bytes]]:
        """(id, entry) of the trail, the newest first, those before an id ("": from the end)."""
        ...
