"""Secrets as a type: whatever prints, logs or formats one shows a mask."""

from __future__ import annotations

import re
from typing import Final, NoReturn

MASK: Final = "<secret>"

_USER_INFO = re.compile(r"^([a-z]+://).*@")
_PASSWORD_QUERY = re.compile(r"([?&][^=&]*pass[^=&]*=)[^&]*", re.IGNORECASE)


class Secret:
    """A text that shows itself only through `reveal()`; an empty one is false."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: for the client library that needs it, and for nothing else."""
        return self._text

    def __str__(self) -> str:
        return MASK if self._text else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised: pass the settings' file or environment on")


class SecretUrl(Secret):
    """An address whose user and password are masked and whose host stays readable."""

    __slots__ = ()

    def __str__(self) -> str:
        # Up to the last `@`: a password with an unescaped `/` or `@` is masked whole.
        text = _USER_INFO.sub(rf"\1{MASK}@", self.reveal())
        return _PASSWORD_QUERY.sub(rf"\1{MASK}", text)
