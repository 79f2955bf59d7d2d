"""F43: a policy set is text that is checked before anything runs under it."""

from __future__ import annotations

import pytest

from sla_engine.policy import PolicyErrors, check_texts, load_text
from tests.features.telling import event, replayed

SOUND = """
policies:
  - name: gold
    when: tier == "gold"
    clocks: {resolution: {target: 1h}}
  - name: all
    clocks: {resolution: {target: 4h}}
"""


def codes(text: str) -> list[str]:
    return [finding.code for finding in check_texts({"policies.yaml": text})]


def test_not_a_word_against_a_sound_text_which_keeps_its_promise() -> None:
    assert codes(SOUND) == []
    clocks, alerts = replayed(SOUND, [event(1, "created", "09:00", tier="gold")], "10:30")
    assert clocks["X/resolution/1"]["breached"]
    assert [alert["data"]["policy"] for alert in alerts] == ["gold"]


@pytest.mark.parametrize(
    ("said", "instead", "code"),
    [
        ('tier == "gold"', 'tire == "gold"', "UNKNOWN_ATTRIBUTE"),
        ('tier == "gold"', "reopens == kind", "CONDITION"),
        ("target: 4h", "target: 4 hours", "BAD_DURATION"),
        ("target: 4h", "tagret: 4h", "UNKNOWN_KEY"),
    ],
)
def test_what_cannot_work_is_refused_with_a_code(said: str, instead: str, code: str) -> None:
    with pytest.raises(PolicyErrors, match=f"policies.yaml:[0-9]+: {code} "):
        load_text(SOUND.replace(said, instead))


@pytest.mark.parametrize(
    ("said", "instead", "code"),
    [
        ('    when: tier == "gold"\n', "", "UNREACHABLE"),
        (
            "resolution: {target: 4h}",
            'care: {target: 4h, start: kind == "a", stop: kind == "a" || kind == "b"}',
            "START_WITHIN_END",
        ),
    ],
)
def test_what_contradicts_itself_is_said_with_a_code(said: str, instead: str, code: str) -> None:
    assert codes(SOUND.replace(said, instead)) == [code]
