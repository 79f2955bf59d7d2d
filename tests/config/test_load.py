"""Settings come from defaults, the file, the environment and the command line, in this order."""

import subprocess
import sys
from pathlib import Path

import pytest

from sla_engine.config import Settings, effective, load_settings
from sla_engine.config.settings import declared
from sla_engine.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "sla-engine.toml"
    path.write_text(text)
    return path


def refusal(path: Path | None = None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ=environ or {})
    return str(caught.value)


def test_nothing_configured_gives_the_defaults_of_the_contracts() -> None:
    settings = load_settings(environ={}).settings
    assert settings == Settings()
    assert (settings.kafka.events, settings.kafka.alerts) == ("incidents", "alerts")
    assert (settings.kafka.dead, settings.kafka.clocks) == ("incidents.dead", "")
    assert (settings.kafka.group, settings.kafka.partitions) == ("sla-engine", 16)
    assert settings.retention.finished_ms == 30 * 24 * 3600 * 1000
    assert settings.lateness.horizon_ms == 7 * 24 * 3600 * 1000
    assert settings.time.max_future_ms == 600_000
    assert settings.time.source == "wall"
    assert settings.policies.dir == "policies"
    assert not settings.redis.url
    assert settings.engine.actors == ("sla-engine",)
    assert settings.alerts.not_before_ms is None
    assert settings.alerts.attributes == ()


def test_each_source_beats_the_one_before_and_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, '[policies]\ndir = "file"\n[data]\ndir = "file"\n[redis]\nurl = ""')
    loaded = load_settings(
        path,
        environ={"SLA_POLICIES__DIR": "environment", "SLA_DATA__DIR": "environment"},
        overrides={"policies.dir": "option", "telemetry.metrics_port": None},
    )
    shown = {item.name: (item.value, item.origin) for item in effective(loaded)}
    assert shown["policies.dir"] == ('"option"', "command line")
    assert shown["data.dir"] == ('"environment"', "environment SLA_DATA__DIR")
    assert shown["redis.url"] == ('""', f"file {path}")
    assert shown["telemetry.metrics_port"] == ("0", "default")


def test_the_default_file_is_read_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={}).settings.kafka.group == "sla-engine"
    write(tmp_path, '[kafka]\ngroup = "here"')
    assert load_settings(environ={}).settings.kafka.group == "here"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    assert "absent.toml: cannot be read" in refusal(tmp_path / "absent.toml")


def test_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    assert "[kafak]; did you mean kafka?" in refusal(write(tmp_path, "[kafak]\nx = 1"))
    assert "kafka.broker; did you mean brokers?" in refusal(
        write(tmp_path, '[kafka]\nbroker = "a:1"')
    )
    assert "did you mean lateness.horizon?" in refusal(write(tmp_path, '[time]\nhorizon = "7d"'))
    assert "did you mean partitions in [kafka]?" in refusal(write(tmp_path, "partitions = 4"))
    assert "write [kafka]" in refusal(write(tmp_path, "kafka = 4"))
    assert "SLA_KAFKA__BROKER names no setting; did you mean SLA_KAFKA__BROKERS?" in refusal(
        environ={"SLA_KAFKA__BROKER": "a:1"}
    )


def test_variables_of_others_are_left_alone() -> None:
    load_settings(environ={"SLA_HOME": "x", "PATH": "y", "OTHER__X": "z"})


def test_what_is_not_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "at line 2" in refusal(write(tmp_path, "[kafka]\nbrokers = nine"))
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff\xfe")
    assert "not TOML" in refusal(broken)
    large = write(tmp_path, "#" * 1_100_000)
    assert "larger than" in refusal(large)


def test_every_setting_can_be_set_by_its_variable_to_what_is_shown() -> None:
    loaded = load_settings(environ={})
    environ = {item.variable: item.value.strip('"[]') for item in effective(loaded)}
    again = load_settings(environ=environ)
    assert again.settings == loaded.settings
    assert set(again.origins) == {item.name for item in declared()}


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("SLA_TIME__MAX_FUTURE", "10", "a duration"),
        ("SLA_TIME__MAX_FUTURE", "", "a duration"),
        ("SLA_TIME__MAX_FUTURE", "2bd", "a duration"),
        ("SLA_TIME__MAX_FUTURE", "999ms", "from 1s"),
        ("SLA_RETENTION__FINISHED", "1001d", "to 1000d"),
        ("SLA_TIME__MAX_FUTURE", "٣m", "a duration"),
        ("SLA_TIME__SOURCE", "events ", 'one of "wall", "events"'),
        ("SLA_KAFKA__PARTITIONS", "0", "from 1 to 10000"),
        ("SLA_KAFKA__PARTITIONS", "sixteen", "a whole number"),
        ("SLA_KAFKA__CREATE_TOPICS", "yes", "true or false"),
        ("SLA_KAFKA__BROKERS", "localhost", "host:port"),
        ("SLA_KAFKA__BROKERS", "localhost:70000", "host:port"),
        ("SLA_KAFKA__BROKERS", "a:1,,b:2", "host:port"),
        ("SLA_KAFKA__EVENTS", "", "a topic name"),
        ("SLA_KAFKA__EVENTS", "a/b", "a topic name"),
        ("SLA_KAFKA__GROUP", " ", "not empty"),
        ("SLA_ALERTS__NOT_BEFORE", "2026-11-23T10:00:00", "with an offset"),
        ("SLA_ALERTS__NOT_BEFORE", "1989-11-23T10:00:00Z", "with an offset"),
        ("SLA_ENGINE__ACTORS", "a\nb", "a list"),
        ("SLA_REDIS__URL", "http://host", "redis://"),
    ],
)
def test_a_bad_value_is_refused_saying_what_was_expected(
    setting: str, value: str, expected: str
) -> None:
    message = refusal(environ={setting: value})
    assert expected in message
    assert f"environment {setting}" in message


def test_values_of_each_kind_are_read_from_the_file(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [kafka]
        brokers = ["one:9092", "[::1]:9093"]
        partitions = 4
        create_topics = false
        [time]
        max_future = "1h30m"
        max_hold = "1500ms"
        [alerts]
        not_before = 2026-11-23T10:00:00.1239+01:00
        attributes = ["kind", "custom.lane"]
        [telemetry]
        log_format = "json"
        """,
    )
    settings = load_settings(path, environ={}).settings
    assert settings.kafka.brokers == ("one:9092", "[::1]:9093")
    assert settings.kafka.partitions == 4
    assert settings.kafka.create_topics is False
    assert settings.time.max_future_ms == 5_400_000
    assert settings.time.max_hold_ms == 1_500
    assert settings.alerts.not_before_ms == 1_795_424_400_123
    assert settings.alerts.attributes == ("kind", "custom.lane")
    assert settings.telemetry.log_format == "json"


def test_lists_are_comma_separated_in_the_environment() -> None:
    environ = {"SLA_KAFKA__BROKERS": "one:1, two:2", "SLA_ENGINE__ACTORS": ""}
    settings = load_settings(environ=environ).settings
    assert settings.kafka.brokers == ("one:1", "two:2")
    assert settings.engine.actors == ()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SLA_KAFKA__ALERTS": "incidents"}, "name the same topic"),
        ({"SLA_LATENESS__HORIZON": "31d"}, "retention.finished is shorter"),
        ({"SLA_KAFKA__SASL_USERNAME": "me"}, "make it SASL_SSL"),
        ({"SLA_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, "needs kafka.sasl_password"),
        ({"SLA_KAFKA__TLS_CA": "ca.pem"}, "make it SSL"),
        (
            {"SLA_KAFKA__SECURITY_PROTOCOL": "SSL", "SLA_KAFKA__TLS_CERT": "c.pem"},
            "go together",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    environ: dict[str, str], expected: str
) -> None:
    assert expected in refusal(environ=environ)


def test_reading_settings_loads_no_compiled_package() -> None:
    heavy = {"numba", "numpy", "faust", "redis", "confluent_kafka", "cel_expr_python"}
    code = f"import sys, sla_engine.config; print(sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
