"""`sla-engine hook test`: what a payload becomes, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.cli.calling import Capture, call, run_apart
from tests.source.examples import FOLDER

PAYLOAD = FOLDER / "zendesk-created.json"


def test_a_known_vendors_payload_is_told_in_words(capsysbinary: Capture) -> None:
    called = call(capsysbinary, "hook", "test", PAYLOAD, "--kind", "zendesk")
    assert called.code == 0
    first, *others = called.out.splitlines()
    assert first == "incident.created of 35436 at 2026-11-23T09:00:00.250Z, id e-1"
    assert '  priority: "high"' in others
    assert others[-1] == "1 event"


def test_for_programs_it_is_one_object(capsysbinary: Capture) -> None:
    said = call(
        capsysbinary, "hook", "test", PAYLOAD, "--kind", "zendesk", "--format", "json"
    ).json()
    assert [event["type"] for event in said["events"]] == ["incident.created"]
    assert (said["ignored"], said["refused"]) == ([], [])


def test_the_payload_may_come_from_stdin() -> None:
    called = run_apart("hook", "test", "-", "--kind", "zendesk", stdin=PAYLOAD.read_bytes())
    assert (called.code, called.out.splitlines()[-1]) == (0, "1 event")


def test_what_the_gateway_would_refuse_gives_exit_code_1(
    capsysbinary: Capture, tmp_path: Path
) -> None:
    payload = orjson.loads(PAYLOAD.read_bytes())
    payload["detail"]["group_id"] = "x" * 1025
    (tmp_path / "payload.json").write_bytes(orjson.dumps(payload))
    called = call(capsysbinary, "hook", "test", tmp_path / "payload.json", "--kind", "zendesk")
    assert called.code == 1
    assert "refused: TOO_LONG data.team: " in called.out
    called = call(capsysbinary, "hook", "test", PAYLOAD, "--kind", "jira")
    assert (called.code, called.out) == (1, "")
    assert "refused: BAD_VALUE webhookEvent: is missing" in called.err


def test_a_mistake_in_the_mapping_has_file_and_line(capsysbinary: Capture, tmp_path: Path) -> None:
    mapping = tmp_path / "desk.yaml"
    mapping.write_text(
        "events:\n  - type: incident.opened\n    subject: payload.a\n    time: '1'\n"
    )
    called = call(capsysbinary, "hook", "test", PAYLOAD, "--mapping", mapping)
    assert called.code == 1
    assert f"{mapping}:2: BAD_VALUE `type` cannot be `incident.opened`" in called.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Name either a --mapping file or a --kind"),
        (["--kind", "zendsk"], "known are zendesk, jira, pagerduty, servicenow, alertmanager"),
        (["--mapping", "nowhere.yaml"], "nowhere.yaml cannot be read"),
    ],
)
def test_a_wrong_call_says_what_is_missing(
    capsysbinary: Capture, options: list[str], said: str
) -> None:
    called = call(capsysbinary, "hook", "test", PAYLOAD, *options)
    assert called.code == 2
    assert said in called.err


def test_a_shipped_mapping_is_tried_by_its_name_and_printed(
    capsysbinary: Capture, tmp_path: Path
) -> None:
    sent = {"event": "updated", "key": "4711", "time": "2026-11-23T10:00:00Z", "team": "night"}
    (tmp_path / "payload.json").write_bytes(orjson.dumps(sent))
    tried = call(capsysbinary, "hook", "test", tmp_path / "payload.json", "--mapping", "generic")
    assert tried.out.startswith("incident.updated of 4711 at 2026-11-23T10:00:00.000Z, id ")
    assert "freshdesk" in call(capsysbinary, "hook", "mapping").out.splitlines()
    (tmp_path / "own.yaml").write_text(call(capsysbinary, "hook", "mapping", "generic").out)
    own = call(
        capsysbinary, "hook", "test", tmp_path / "payload.json", "--mapping", tmp_path / "own.yaml"
    )
    assert (own.code, own.out) == (0, tried.out)
    unknown = call(capsysbinary, "hook", "mapping", "desk")
    assert (unknown.code, "there are chatwoot" in unknown.err) == (2, True)
