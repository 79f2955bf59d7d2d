"""Every error the engine raises, as one tree ordered by what the caller can do about it.

SlaError
|-- ConfigError          mend the settings
|-- PolicyError          mend the policy file (names file and line)
|-- CalendarError        mend the calendar, or the business-time question asked of it
|-- EventError           the event goes to the dead letters, the batch goes on
|-- ServiceUnavailable   wait and try again; at a command: exit code 3
|   |-- StoreUnavailable
|   `-- LogUnavailable
|-- StoreError
|   |-- StoreUnavailable
|   |-- StoreRefused     the store would lose data (evicts, does not persist): mend the store
|   |-- Fenced           another worker owns the partition: give it up, claim it again
|   `-- PositionLost     the log is not the one the state came from: a person decides
`-- LogError
    `-- LogUnavailable

A message names what is wrong, where, and how to mend it.
"""

from enum import IntEnum
from pathlib import PurePath
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's exit code says (contracts section 4)."""

    DONE = 0
    FOUND = 1
    WRONG_CALL = 2
    UNREACHABLE = 3


EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.DONE: "done",
    ExitCode.FOUND: "a check found something",
    ExitCode.WRONG_CALL: "the call is wrong",
    ExitCode.UNREACHABLE: "a needed service cannot be reached",
}


class SlaError(Exception):
    """The root: `code` is a stable upper-case word for programs, `message` is for people."""

    default_code: ClassVar[str] = "ERROR"
    exit_code: ClassVar[ExitCode] = ExitCode.WRONG_CALL

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code

    def __str__(self) -> str:
        return self.message


class ConfigError(SlaError):
    """A setting is unknown, malformed, or contradicts another."""

    default_code = "CONFIG"


class PolicyError(SlaError):
    """A policy directory is wrong at a known place; prints as `file:line: CODE message`."""

    default_code = "POLICY"
    exit_code = ExitCode.FOUND

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        file: str | PurePath | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.file = None if file is None else str(file)
        self.line = line

    def __str__(self) -> str:
        text = f"{self.code} {self.message}"
        if self.file is None:
            return text
        line = "" if self.line is None else f"{self.line}:"
        return f"{self.file}:{line} {text}"


class CalendarError(SlaError):
    """A calendar cannot be built, or has no open time where some was asked for."""

    default_code = "CALENDAR"


class EventError(SlaError):
    """An event that must not be applied; `code` is the dead-letter code (contracts section 1)."""

    default_code = "BAD_VALUE"


class ServiceUnavailable(SlaError):
    """A service did not answer. Nothing is decided by it: wait, try again, or exit with code 3."""

    default_code = "UNAVAILABLE"
    exit_code = ExitCode.UNREACHABLE


class StoreError(SlaError):
    """The durable store (Redis) cannot do what was asked."""

    default_code = "STORE"


class StoreUnavailable(StoreError, ServiceUnavailable):
    """The store cannot be reached, or is not able to write just now (loading, disk full)."""

    default_code = "STORE_UNAVAILABLE"


class StoreRefused(StoreError):
    """The store is reachable but would lose data: it evicts keys, or does not persist."""

    default_code = "STORE_REFUSED"


class Fenced(StoreError):
    """The owner token in the store is not ours any more (design section 3, promise 5)."""

    default_code = "FENCED"


class PositionLost(StoreError):
    """The stored position fits no log: outside it, another topic, another partition count."""

    default_code = "POSITION_LOST"


class LogError(SlaError):
    """The event log (Kafka or Redis Streams) cannot do what was asked."""

    default_code = "LOG"


class LogUnavailable(LogError, ServiceUnavailable):
    """No broker answers, or none is able to accept writes just now."""

    default_code = "LOG_UNAVAILABLE"
