"""Dead letters of hooks: what an adapter made and the decoder refused is kept, not lost.

A vendor does not mend an event that it never saw, and gives up after some refusals: so the webhook
is taken, and what became of it can be listed, mended and sent again (`sla-engine dead`).
"""

from __future__ import annotations

import hashlib
from typing import Final

import orjson

from sla_engine.engine.ports import OutRecord
from sla_engine.event.times import format_time
from sla_engine.ingest.checking import Refused
from sla_engine.limits import ID_BYTES_MAX

_DIGEST_BYTES: Final = 6


def letter_of(refused: Refused, hook: str, now_ms: int) -> OutRecord:
    """The record of one letter (contracts section 1).

    It was on no topic: `dl-topic` names the hook, and `dl-offset` is made from the event, so that
    a webhook that is sent again gives the same letter.
    """
    digest = hashlib.sha256(refused.value).digest()[:_DIGEST_BYTES]
    headers = (
        ("dl-code", refused.code.encode()),
        ("dl-message", refused.message.encode()),
        ("dl-topic", f"hooks/{hook}".encode()),
        ("dl-partition", b"-1"),
        ("dl-offset", str(int.from_bytes(digest, "big")).encode()),
        ("dl-time", format_time(now_ms).encode()),
    )
    key = str(orjson.loads(refused.value)["subject"]).encode()
    if len(key) > ID_BYTES_MAX:
        return OutRecord("dead", 0, None, refused.value, headers)
    return OutRecord("dead", None, key, refused.value, headers)
