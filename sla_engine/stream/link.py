"""Whether a service answers, logged once per change instead of once per try."""

from __future__ import annotations

import logging


class Link:
    """The state of a connection, as its user sees it."""

    def __init__(self, name: str, log: logging.Logger) -> None:
        self._name = name
        self._log = log
        self._up = True

    @property
    def up(self) -> bool:
        """False from the first failure to the next answer."""
        return self._up

    def lost(self, why: object) -> None:
        """A call failed."""
        if self._up:
            self._up = False
            self._log.warning(
                "%s does not answer (%s); trying again until it does", self._name, why
            )

    def answered(self) -> None:
        """A call was answered."""
        if not self._up:
            self._up = True
            self._log.info("%s answers again", self._name)
