"""The documentation of the settings is made from their declaration, and complete."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.config import describe_markdown, example_toml, load_settings
from sla_engine.config.kinds import BadValue, parse_duration, write_duration
from sla_engine.config.settings import declared
from sla_engine.limits import DURATION_MAX_MS, DURATION_MIN_MS
from sla_engine.policy import durations


def test_every_setting_is_documented_with_its_variable() -> None:
    text = describe_markdown()
    for item in declared():
        assert f"| `{item.key}` |" in text
        assert f"| `{item.variable}` |" in text
        assert item.help.endswith(".")


def test_the_example_with_its_comments_taken_off_is_the_default(tmp_path: Path) -> None:
    lines = [
        line.removeprefix("# ") if " = " in line else line for line in example_toml().split("\n")
    ]
    path = tmp_path / "sla-engine.toml"
    path.write_text("\n".join(lines))
    assert len(tomllib.loads(path.read_text())) == 13
    assert load_settings(path, environ={}).settings == load_settings(environ={}).settings


@given(st.integers(DURATION_MIN_MS, DURATION_MAX_MS))
def test_a_duration_is_read_back_as_it_was_written(duration_ms: int) -> None:
    text = write_duration(duration_ms).strip('"')
    assert parse_duration(text) == duration_ms
    assert durations.parse_duration(text) == duration_ms


@given(st.text("0123456789dhms b-.", max_size=12))
def test_settings_and_policies_read_the_same_durations(text: str) -> None:
    try:
        expected = durations.parse_duration(text)
    except durations.DurationError:
        with pytest.raises(BadValue):
            parse_duration(text)
    else:
        assert parse_duration(text) == expected
