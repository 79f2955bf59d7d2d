"""What each kind of receiver is told: Alertmanager, PagerDuty, Slack, e-mail, a group anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from sla_engine.errors import ConfigError
from tests.deliver.delivering import (
    MemoryAlerts,
    alert,
    amended,
    cleared,
    delivering,
    retracted,
    warning,
)
from tests.deliver.receiver import Answer, receiver
from tests.services.process import free_port

DONE = "SELECT count(*) FROM deliveries WHERE state = 1"

# ------------------------------------------------------------------ PagerDuty


def test_pagerduty_has_one_incident_per_clock_that_ends_with_it(tmp_path: Path) -> None:
    log = MemoryAlerts()
    link = {"url": "https://desk.example.com/4711"}
    log.add(warning(**link), alert(), alert("4711", "after:1800000", "sla.escalation", level=2))
    log.add(cleared("4711", "80%", "breach", "after:1800000"))
    with receiver(lambda _: Answer(202)) as pager:
        plan = f"""
destinations: {{pager: {{kind: pagerduty, url: {pager.url}/v2/enqueue, secret: desk}}}}
default: pager
"""
        secrets = [("desk", "made-up-routing-key")]
        with delivering(plan, log, tmp_path, secrets=secrets) as running:
            running.wait_until(DONE, [(4,)])
        said = [one.json for one in pager.got]
    assert {one["dedup_key"] for one in said} == {"default/4711/default/resolution/1"}
    assert {one["routing_key"] for one in said} == {"made-up-routing-key"}
    assert [one["event_action"] for one in said] == ["trigger", "trigger", "trigger", "resolve"]
    assert [one["payload"]["severity"] for one in said[:3]] == ["warning", "error", "critical"]
    assert said[0]["links"] == [{"href": link["url"], "text": "4711"}]
    assert "Parcel 4711 is late" in said[1]["payload"]["summary"]
    assert said[1]["payload"]["timestamp"] == alert()["time"]


def test_a_retraction_resolves_only_when_nothing_else_is_valid(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(warning(), alert(), retracted(alert()), retracted(warning()))
    with receiver(lambda _: Answer(202)) as pager:
        plan = f"""
destinations: {{pager: {{kind: pagerduty, url: {pager.url}, secret: desk}}}}
default: pager
"""
        with delivering(plan, log, tmp_path) as running:
            running.wait_until(DONE, [(4,)])
        actions = [one.json["event_action"] for one in pager.got]
    # Everything was read before the first message left: when the breach is taken back, so is the
    # warning, and nothing is valid any more.
    assert actions[:2] == ["trigger", "trigger"]
    assert actions[2:] in (["resolve"], ["resolve", "resolve"])


def test_a_retraction_leaves_the_incident_of_a_valid_warning(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(warning(), alert(), retracted(alert()))
    with receiver(lambda _: Answer(202)) as pager:
        plan = f"""
destinations: {{pager: {{kind: pagerduty, url: {pager.url}, secret: desk}}}}
default: pager
"""
        with delivering(plan, log, tmp_path) as running:
            running.wait_until(DONE, [(3,)])
        assert [one.json["event_action"] for one in pager.got] == ["trigger", "trigger"]


# ------------------------------------------------------------------ Alertmanager


def alerts_at(plan_more: str, log: MemoryAlerts, folder: Path, count: int) -> list[Any]:
    """Every alert that an Alertmanager was posted, in order."""
    with receiver(lambda _: Answer(200)) as manager:
        plan = f"""
destinations: {{am: {{kind: alertmanager, url: {manager.url}{plan_more}}}}}
default: am
"""
        with delivering(plan, log, folder) as running:
            running.wait_until(DONE, [(count,)])
        assert {one.path for one in manager.got} <= {"/api/v2/alerts"}
        return [one for got in manager.got for one in got.json]


def test_an_alertmanager_has_each_alert_under_labels_that_never_change(tmp_path: Path) -> None:
    log = MemoryAlerts()
    team = {"attributes": {"team": "noc", "customer": "acme"}}
    first = alert(**team)
    log.add(first, amended(first, due="2026-11-23T13:00:00.000Z", attributes={"team": "desk"}))
    log.add(cleared("4711", "breach"))
    began, told, ended = alerts_at(", attributes: [team]", log, tmp_path, 3)
    assert began["labels"] == {
        "alertname": "SlaBreached",
        "severity": "critical",
        "tenant": "default",
        "incident": "4711",
        "set": "default",
        "clock": "resolution",
        "cycle": "1",
        "threshold": "breach",
        "team": "noc",
    }
    assert told["labels"] == ended["labels"] == began["labels"]
    assert told["annotations"]["due"] == "2026-11-23T13:00:00.000Z"
    assert began["endsAt"] > began["startsAt"] == alert()["time"]
    assert ended["endsAt"] == cleared("4711")["time"]


def test_what_is_valid_is_sent_again_and_what_ended_is_not(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1"), alert("2"), warning("1"), retracted(warning("1")))
    with receiver(lambda _: Answer(200)) as manager:
        plan = f"""
destinations: {{am: {{kind: alertmanager, url: {manager.url}, resend: 1h}}}}
default: am
"""
        with delivering(plan, log, tmp_path) as running:
            running.wait_until(DONE, [(4,)])
            before = len(manager.got)
            assert running.call(running.transports["am"].once()) == 2
            again = manager.wait_for(before + 1)[-1].json
            log.add(cleared("1", "breach"))
            running.wait_until(DONE, [(5,)])
            assert running.call(running.transports["am"].once()) == 1
    assert sorted(one["labels"]["incident"] for one in again) == ["1", "2"]
    assert {one["labels"]["threshold"] for one in again} == {"breach"}


# ------------------------------------------------------------------ Slack


def test_slack_is_told_in_blocks_and_no_title_is_markup(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert(title="<!channel> & <https://evil.example|click>"))
    with receiver() as chat:
        plan = "destinations: {chat: {kind: slack, url_secret: chat}}\ndefault: chat"
        secrets = [("chat", f"{chat.url}/services/T0/B0/made-up")]
        with delivering(plan, log, tmp_path, secrets=secrets):
            (got,) = chat.wait_for(1)
    assert got.path == "/services/T0/B0/made-up"
    text = got.json["blocks"][0]["text"]["text"]
    assert "&lt;!channel&gt; &amp; &lt;https" in text
    assert "<" not in text + got.json["text"]


def test_templates_give_ones_own_words_and_bodies(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert(title='He said "late"'))
    with receiver() as chat, receiver() as own:
        plan = f"""
destinations:
  chat:
    kind: slack
    url: {chat.url}
    text: "{{{{ word | upper }}}} {{{{ alert.incident }}}}: {{{{ alert.title }}}}"
  own:
    kind: webhook
    url: {own.url}
    json: '{{"what": {{{{ alert.title | tojson }}}}, "n": {{{{ count }}}}}}'
default: [chat, own]
"""
        with delivering(plan, log, tmp_path):
            (said,) = chat.wait_for(1)
            (got,) = own.wait_for(1)
    assert said.json["text"] == 'BREACHED 4711: He said "late"'
    assert got.json == {"what": 'He said "late"', "n": 1}


def test_a_template_that_fails_on_an_alert_makes_a_letter_of_that_one(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert("1", score=None), alert("2", score=4))
    with receiver() as own:
        plan = f"""
destinations: {{own: {{kind: webhook, url: {own.url}, json: '{{{{ 8 // (alert.score or 1) }}}}'}}}}
default: own
"""
        log.add(alert("3", score="x"))
        with delivering(plan, log, tmp_path) as running:
            running.wait_until(
                "SELECT state, count(*) FROM deliveries GROUP BY 1", [(1, 2), (2, 1)]
            )
            ((why,),) = running.rows("SELECT error FROM deliveries WHERE state = 2")
    assert "its template TypeError" in why


# ------------------------------------------------------------------ Apprise


# Apprise imports what newer Pythons do not have any more, where it is there.
old_modules = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@old_modules
def test_apprise_tells_any_service_that_it_knows(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert())
    answers = [503, 200]
    with receiver(lambda _: Answer(answers.pop(0))) as service:
        plan = "destinations: {far: {kind: apprise, url_secret: far}}\ndefault: far"
        secrets = [("far", f"json://127.0.0.1:{service.port}/made-up")]
        with delivering(plan, log, tmp_path, secrets=secrets) as running:
            running.wait_until(DONE, [(1,)])
        _, got = service.got
    assert got.json["title"].startswith("breached: 4711 resolution")
    assert "Parcel 4711 is late" in got.json["message"]


@old_modules
def test_what_is_no_address_of_apprise_is_refused_without_telling_it(tmp_path: Path) -> None:
    plan = "destinations: {far: {kind: apprise, url_secret: far}}\ndefault: far"
    with pytest.raises(ConfigError, match="no address of Apprise") as refused:
        with delivering(plan, MemoryAlerts(), tmp_path, secrets=[("far", "made-up-canary")]):
            pass
    assert "canary" not in str(refused.value)


# ------------------------------------------------------------------ e-mail


class Box:
    """A mailbox behind a real SMTP server; `code` refuses what comes."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.codes: list[str] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:
        if self.codes:
            return self.codes.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), mail))
        return "250 taken"


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    made = Box()
    port = free_port()
    controller = Controller(made, hostname="127.0.0.1", port=port)
    controller.start()
    yield made, port
    controller.stop()


def mail_plan(port: int, more: str = "") -> str:
    return f"""
destinations:
  boss:
    kind: email
    host: 127.0.0.1
    port: {port}
    security: none
    from: sla@example.com
    to: [boss@example.com, deputy@example.com]
{more}"""


def test_a_mail_says_what_and_has_the_same_id_on_every_attempt(
    tmp_path: Path, box: tuple[Box, int]
) -> None:
    log = MemoryAlerts()
    log.add(alert(title="Für Zoë\r\nBcc: all@example.com", url="https://desk.example.com/4711"))
    box[0].codes = ["451 later", "421 busy"]
    with delivering(mail_plan(box[1], "default: boss"), log, tmp_path) as running:
        running.wait_until(DONE, [(1,)])
        assert running.rows("SELECT attempts FROM deliveries") == [(2,)]
    ((to, mail),) = box[0].mails
    assert to == ["boss@example.com", "deputy@example.com"]
    assert mail["Subject"].startswith("breached: 4711 resolution, Für Zoë")
    assert mail["Bcc"] is None
    assert mail["Message-ID"].endswith("@sla-engine.invalid>")
    assert mail["X-SLA-Alert-ID"] == alert()["id"]
    assert "https://desk.example.com/4711" in mail.get_content()


def test_a_groups_mail_has_the_complete_list_attached(tmp_path: Path, box: tuple[Box, int]) -> None:
    log = MemoryAlerts()
    log.add(*(alert(str(i)) for i in range(250)))
    routes = "routes: [{to: boss, group_by: [set], group_wait: 2s}]"
    with delivering(mail_plan(box[1], routes), log, tmp_path) as running:
        running.wait_until(DONE, [(251,)])
    ((_, mail),) = box[0].mails
    assert mail["Subject"] == "250 breached (set default)"
    text = mail.get_body()
    assert text is not None
    assert "and 150 more" in text.get_content()
    (attached,) = mail.iter_attachments()
    assert len(attached.get_content().splitlines()) == 250


def test_a_mail_that_is_refused_for_good_is_a_letter(tmp_path: Path, box: tuple[Box, int]) -> None:
    log = MemoryAlerts()
    log.add(alert())
    box[0].codes = ["554 no"]
    with delivering(mail_plan(box[1], "default: boss"), log, tmp_path) as running:
        running.wait_until("SELECT state, error FROM deliveries", [(2, "SMTP 554 no")])


def test_a_mail_server_inside_is_not_connected_to_unless_allowed(
    tmp_path: Path, box: tuple[Box, int]
) -> None:
    log = MemoryAlerts()
    log.add(alert())
    with delivering(mail_plan(box[1], "default: boss"), log, tmp_path, allow=[]) as running:
        running.wait_until("SELECT state FROM deliveries", [(2,)])
    assert box[0].mails == []
