"""Standard Webhooks: what a message is signed with (specification, "Signature scheme").

`webhook-id` is the same on every attempt, `webhook-timestamp` that of the attempt. One signature
per secret, so that a secret can be changed without a gap.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

from sla_engine.errors import ConfigError
from sla_engine.limits import DELIVER_SECRET_BYTES_MIN

PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in `whsec_` and base64, else the text's bytes; ConfigError if it is too short."""
    if secret.startswith(PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raise ConfigError("a secret begins with whsec_ and is no base64 behind it") from None
    else:
        key = secret.encode()
    if len(key) < DELIVER_SECRET_BYTES_MIN:
        raise ConfigError(
            f"a secret has {len(key)} bytes and needs {DELIVER_SECRET_BYTES_MIN}: make one with "
            "`openssl rand -base64 32`, and write whsec_ before it"
        )
    return key


def signed_headers(keys: Sequence[bytes], identity: str, now_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; without keys there is no signature."""
    headers = {"webhook-id": identity, "webhook-timestamp": str(now_s)}
    if keys:
        signed = f"{identity}.{now_s}.".encode() + body
        made = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
        headers["webhook-signature"] = " ".join(f"v1,{one}" for one in made)
    return headers
