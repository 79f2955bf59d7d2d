"""`config show`: every setting with its origin, no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from sla_engine.config.settings import declared
from tests.cli.calling import Capture, call


def test_every_setting_is_shown_with_its_origin(
    capsysbinary: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[retention]\nfinished = "60d"\n')
    monkeypatch.setenv("SLA_KAFKA__BROKERS", "10.0.0.1:9092")
    called = call(capsysbinary, "config", "show", "--config", file, "--format", "json")
    found = {one["setting"]: one for one in called.json()}
    assert list(found) == [item.name for item in declared()]
    assert found["retention.finished"]["value"] == '"60d"'
    assert found["retention.finished"]["origin"] == f"file {file}"
    assert found["kafka.brokers"]["origin"] == "environment SLA_KAFKA__BROKERS"
    assert found["kafka.events"]["origin"] == "default"
    text = call(capsysbinary, "config", "show", "--config", file).out
    (line,) = [line for line in text.splitlines() if line.startswith("retention.finished ")]
    assert line.split(maxsplit=2) == ["retention.finished", '"60d"', f"file {file}"]


def test_secrets_are_masked(capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLA_REDIS__URL", "redis://me:hunter2@10.0.0.1:6379/0")
    for form in ("text", "json"):
        called = call(capsysbinary, "config", "show", "--format", form)
        assert called.code == 0
        assert "10.0.0.1:6379" in called.out
        assert "hunter2" not in called.out
