"""The settings in force: what `config show` shows, and which texts no log line may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from sla_engine.config import kinds
from sla_engine.config.load import Loaded
from sla_engine.config.secret import Secret, SecretUrl
from sla_engine.config.settings import Settings, declared


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting in force; `value` as TOML would have it, masked if it is a secret."""

    name: str
    value: str
    origin: str
    variable: str


def effective(loaded: Loaded) -> list[Effective]:
    """Every setting in the order of the documentation."""
    return [
        Effective(
            item.name,
            item.kind.write(getattr(getattr(loaded.settings, item.section), item.attribute)),
            loaded.origins.get(item.name, "default"),
            item.variable,
        )
        for item in declared()
    ]


def secret_texts(settings: Settings) -> tuple[str, ...]:
    """Every text that must not appear in a log: passwords, also those inside addresses."""
    found: list[str] = []
    for item in declared():
        value = getattr(getattr(settings, item.section), item.attribute)
        if isinstance(value, SecretUrl):
            found += _passwords(value.reveal())
        elif isinstance(value, Secret):
            found.append(value.reveal())
        elif item.kind is kinds.SECRET_PAIRS:
            found += [secret.reveal() for _, secret in value]
    return tuple(text for text in found if text)


def _passwords(url: str) -> list[str]:
    user_info = re.findall(r"^[a-z]+://[^:]*:(.*)@", url)
    queried = re.findall(r"[?&][^=&]*pass[^=&]*=([^&]*)", url, re.IGNORECASE)
    return [form for text in [*user_info, *queried] for form in (text, unquote(text))]
