"""The pages name every verb, option, event type, attribute, code and setting there is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from sla_engine.alert.wording import TYPES
from sla_engine.cli import VERBS
from sla_engine.event.layout import TYPE_NAMES, DeadCode, Member
from tests.docs.pages import ROOT

COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
EVENTS = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
ALERTS = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")

#: Options that every page would repeat, or that are for tests.
EVERYWHERE = {"--help", "--format", "--config", "--policies"}


def verbs() -> Iterator[tuple[str, click.Command]]:
    """Every verb and subverb."""
    for name, verb in VERBS.items():
        command = verb.load()
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", one) for sub, one in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize("name", [name for name, _ in verbs()])
def test_every_verb_and_option_is_described(name: str) -> None:
    command = dict(verbs())[name]
    first, _, second = name.partition(" ")
    assert first in COMMANDS
    assert second in COMMANDS
    for option in command.params:
        shown = isinstance(option, click.Option) and not option.hidden
        long = [one for one in option.opts if one.startswith("--")]
        if shown and long and long[0] not in EVERYWHERE:
            assert long[0] in COMMANDS, f"{name} {long[0]}"


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_every_event_type_is_described(name: str) -> None:
    assert f"`{name}`" in EVENTS


@pytest.mark.parametrize(
    "member", [m.name.lower() for m in Member if Member.TITLE <= m <= Member.CUSTOM]
)
def test_every_attribute_is_described(member: str) -> None:
    assert f"`{member}`" in EVENTS


@pytest.mark.parametrize("code", [code.name for code in DeadCode if code])
def test_every_reason_of_a_dead_letter_is_described(code: str) -> None:
    assert f"`{code}`" in EVENTS


@pytest.mark.parametrize("kind", [*TYPES.values(), "sla.alert.retracted", "sla.alert.amended"])
def test_every_alert_type_is_described(kind: str) -> None:
    assert f"`{kind}`" in ALERTS


def test_the_generated_pages_are_up_to_date() -> None:
    script = str(ROOT / "scripts" / "render_docs.py")
    subprocess.run([sys.executable, script, "--check"], check=True, cwd=ROOT)
