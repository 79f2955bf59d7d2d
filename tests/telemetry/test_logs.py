"""Log lines: one record is one line, nothing from outside can forge, fill or leak through it."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from sla_engine.config import Secret
from sla_engine.telemetry import configure_logging

CANARY = "c4n4ry"


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def log_error(message: str) -> None:
    try:
        raise ValueError(message)
    except ValueError:
        logging.getLogger("sla_engine.store").exception("a call failed")


def test_json_carries_message_and_fields(out: io.StringIO) -> None:
    configure_logging("json", "info", stream=out)
    logging.getLogger("sla_engine.store").info("claimed", extra={"partition": 3, "kept": True})
    entry = json.loads(out.getvalue())
    assert list(entry) == ["time", "level", "logger", "message", "partition", "kept"]
    assert (entry["level"], entry["logger"]) == ("info", "sla_engine.store")
    assert (entry["message"], entry["partition"], entry["kept"]) == ("claimed", 3, True)
    assert entry["time"].endswith("Z")


def test_console_carries_the_same_for_people(out: io.StringIO) -> None:
    configure_logging("console", "info", stream=out)
    extra = {"partition": 3, "why": "two words"}
    logging.getLogger("sla_engine.store").warning("claimed", extra=extra)
    assert out.getvalue().endswith('WARNING store  claimed  partition=3  why="two words"\n')


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "hostile", ["a\nb", "a\r\nb", "\x1b[2Ja", "a\x00b", "a\u2028b", "a\u0085b", "\u202eb"]
)
def test_a_control_character_never_reaches_the_line(
    log_format: str, hostile: str, out: io.StringIO
) -> None:
    configure_logging(log_format, "info", stream=out)
    logging.getLogger("x").info("message %s", hostile, extra={"incident": hostile})
    line = out.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_an_error_text_cannot_pretend_to_be_a_line(out: io.StringIO) -> None:
    configure_logging("console", "info", stream=out)
    log_error("bad\n10:00:00.000 INFO    store  all is well")
    first, *others = out.getvalue().splitlines()
    assert "a call failed" in first
    assert all(line.startswith("    | ") for line in others)
    assert others[-1].endswith("all is well")


def test_json_keeps_the_trace_in_one_line(out: io.StringIO) -> None:
    configure_logging("json", "info", stream=out)
    log_error("bad\nworse")
    entry = json.loads(out.getvalue())
    assert entry["error"].splitlines()[-2:] == ["ValueError: bad", "worse"]


def test_a_long_value_is_cut_and_says_so(out: io.StringIO) -> None:
    configure_logging("json", "info", stream=out)
    logging.getLogger("x").info("m", extra={"payload": "p" * 70_000})
    assert len(out.getvalue()) < 1_000
    assert json.loads(out.getvalue())["payload"].endswith("...(+69488)")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_way_of_logging_shows_a_secret(log_format: str, out: io.StringIO) -> None:
    configure_logging(log_format, "debug", secrets=[CANARY, ""], stream=out)
    log = logging.getLogger("x")
    log.info("%s", Secret(CANARY))
    log.info("connecting with %s", CANARY, extra={"why": f"wrong {CANARY}"})
    log.info("m", extra={"password": "not-registered-1", "sasl_password": Secret("x")})
    log.info("cannot reach redis://me:not-registered-2@host:1/0")
    log_error(f"AUTH {CANARY} failed")
    text = out.getvalue()
    assert CANARY not in text
    assert "not-registered" not in text
    assert "@host:1/0" in text


def test_the_level_is_kept_and_libraries_are_quieter(out: io.StringIO) -> None:
    configure_logging("console", "info", stream=out)
    logging.getLogger("sla_engine").debug("hidden")
    logging.getLogger("faust.transport").info("hidden")
    logging.getLogger("faust.transport").warning("shown")
    assert len(out.getvalue().splitlines()) == 1


def test_configuring_again_replaces_what_was_there(out: io.StringIO) -> None:
    configure_logging("console", "info", stream=sys.stderr)
    configure_logging("json", "info", stream=out)
    logging.getLogger("x").info("once")
    assert len(out.getvalue().splitlines()) == 1
