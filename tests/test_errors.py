"""Errors tell a program a code, a person a sentence, and a shell an exit code."""

import pytest

from sla_engine import errors
from sla_engine.errors import (
    EXIT_CODES,
    CalendarError,
    ConfigError,
    EventError,
    ExitCode,
    Fenced,
    LogError,
    LogUnavailable,
    PolicyError,
    PositionLost,
    ServiceUnavailable,
    SlaError,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)


def test_every_error_is_a_sla_error_with_a_code_of_its_own() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    ours = [kind for kind in kinds if issubclass(kind, Exception)]
    assert all(issubclass(kind, SlaError) for kind in ours)
    assert len({kind.default_code for kind in ours}) == len(ours)
    assert EventError("an id of 300 bytes", code="BAD_ID").code == "BAD_ID"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable("x"), ExitCode.UNREACHABLE),
        (LogUnavailable("x"), ExitCode.UNREACHABLE),
        (PolicyError("x"), ExitCode.FOUND),
        (ConfigError("x"), ExitCode.WRONG_CALL),
        (CalendarError("x"), ExitCode.WRONG_CALL),
        (StoreRefused("x"), ExitCode.WRONG_CALL),
        (PositionLost("x"), ExitCode.WRONG_CALL),
    ],
)
def test_a_command_ends_with_the_exit_code_of_the_contracts(error: SlaError, code: int) -> None:
    assert error.exit_code == code
    assert code in EXIT_CODES


def test_what_can_be_waited_for_is_one_kind() -> None:
    for kind in (StoreUnavailable, LogUnavailable):
        assert issubclass(kind, ServiceUnavailable)
    assert issubclass(StoreUnavailable, StoreError)
    assert issubclass(LogUnavailable, LogError)
    assert not issubclass(Fenced, ServiceUnavailable)


def test_a_policy_error_names_its_place() -> None:
    error = PolicyError("no such calendar", code="UNKNOWN_CALENDAR", file="a.yaml", line=7)
    assert str(error) == "a.yaml:7: UNKNOWN_CALENDAR no such calendar"
    assert str(PolicyError("no file", code="EMPTY", file="a")) == "a: EMPTY no file"
    assert str(PolicyError("no file", code="EMPTY")) == "EMPTY no file"
