"""A planted secret appears nowhere but where it is asked for by name."""

import pickle
from pathlib import Path

import pytest

from sla_engine.config import (
    MASK,
    Secret,
    SecretUrl,
    effective,
    load_settings,
    secret_texts,
)
from sla_engine.errors import ConfigError

CANARY = "c4n4ry"


def test_no_text_of_the_settings_shows_a_secret() -> None:
    loaded = load_settings(
        environ={
            "SLA_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "SLA_KAFKA__SASL_USERNAME": "engine",
            "SLA_KAFKA__SASL_PASSWORD": CANARY,
            "SLA_REDIS__URL": f"rediss://engine:{CANARY}@redis.example:6380/0",
        }
    )
    settings = loaded.settings
    assert settings.kafka.sasl_password.reveal() == CANARY
    assert CANARY in settings.redis.url.reveal()
    texts = [repr(loaded), str(settings), f"{settings.kafka.sasl_password:>20}"]
    texts += [repr(item) for item in effective(loaded)]
    assert CANARY not in "".join(texts)
    shown = {item.name: item.value for item in effective(loaded)}
    assert shown["kafka.sasl_password"] == f'"{MASK}"'
    assert shown["redis.url"] == f'"rediss://{MASK}@redis.example:6380/0"'


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host:1/0", "redis://host:1/0"),
        (f"redis://:{CANARY}@host", f"redis://{MASK}@host"),
        (f"redis://{CANARY}@host", f"redis://{MASK}@host"),
        (f"redis://me:x/{CANARY}@@host", f"redis://{MASK}@host"),
        (f"unix:///run/r.sock?db=1&password={CANARY}", f"unix:///run/r.sock?db=1&password={MASK}"),
        ("unix:///run/r.sock", "unix:///run/r.sock"),
        ("", ""),
    ],
)
def test_an_address_keeps_its_host_and_hides_the_rest(url: str, shown: str) -> None:
    assert str(SecretUrl(url)) == shown


def test_a_refused_secret_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={"SLA_REDIS__URL": f"http://:{CANARY}@host"})
    assert CANARY not in str(caught.value)
    assert "redis.url must be an address" in str(caught.value)
    path = tmp_path / "sla-engine.toml"
    path.write_text(f'[kafka]\nsasl_password = ["{CANARY}"]')
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ={})
    assert CANARY not in str(caught.value)


def test_a_secret_compares_by_its_text_and_is_never_serialised() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(Secret(CANARY))


def test_the_texts_that_no_log_may_hold_are_known() -> None:
    settings = load_settings(
        environ={
            "SLA_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "SLA_KAFKA__SASL_USERNAME": "engine",
            "SLA_KAFKA__SASL_PASSWORD": CANARY,
            "SLA_REDIS__URL": "redis://me:p%40ss@host/0?password=other",
        }
    ).settings
    assert set(secret_texts(settings)) == {CANARY, "p%40ss", "p@ss", "other"}
    assert secret_texts(load_settings(environ={}).settings) == ()
