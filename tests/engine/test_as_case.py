"""An incident written as a policy test passes as one: the round trip, over generated incidents."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
import pytest

from sla_engine.cli.cases import run_case
from sla_engine.engine.as_case import case_of, case_text
from sla_engine.engine.explain import explain
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text, read_cases_text
from sla_engine.policy.tables import RuleBook
from tests.features.telling import event, instant, lines
from tests.reference.generate import history

SEEDS = range(0, 60)


def explained_of(seed: int) -> Iterator[tuple[RuleBook, dict[str, Any]]]:
    """Every incident of a generated history, explained."""
    text, events, until = history(Random(seed), 2)
    replay = Replay(load_text(text, "policies.yaml"))
    replay.add(b"\n".join(orjson.dumps(one) for one in events))
    folder = Folder(replay.book)
    for tenant, incident in sorted({(e.get("tenant", "default"), e["subject"]) for e in events}):
        folded = replay.incident(tenant, incident, replay.end_ms(until))
        if folded is not None and folded.incident[0]["events"]:
            yield replay.book, explain(folder, folded)


@pytest.mark.parametrize("personal", [False, True], ids=["masked", "as it was"])
def test_the_case_of_an_incident_passes(personal: bool) -> None:
    seen = 0
    for seed in SEEDS:
        for book, told in explained_of(seed):
            case = case_of(book, told, personal=personal)
            assert len(case["expect"]["clocks"]) == len(told["clocks"])
            assert len(case["expect"]["alerts"]) == len(told["alerts"])
            text = case_text(case)
            (read,) = read_cases_text(text)
            assert not run_case(book.policies, read), f"seed {seed}\n{text}"
            seen += bool(told["clocks"] and told["alerts"])
    assert seen > len(SEEDS) // 2


POLICIES = """
attributes: {custom.phone: {personal: true}, custom.badge: {personal: true}}
policies:
  - name: boss
    when: assignee == "boss" || custom.badge == "b7"
    clocks: {resolution: {target: 1h}}
  - name: all
    clocks: {resolution: {target: 4h}, first_response: {target: 2h}}
    escalations: [{at: 50%, notify: assignee}]
"""
EVENTS = [
    event(1, "created", "09:00", title="Ann cannot log in", url="https://desk/1",
          requester="ann@example.com", assignee="bea", custom={"phone": "555", "badge": "b8"}),
    event(2, "commented", "09:10", author="agent", author_id="ann@example.com"),
    event(3, "updated", "09:20", assignee="boss", reason="Ann asked"),
]  # fmt: skip


def case(personal: bool = False) -> tuple[RuleBook, str]:
    replay = Replay(load_text(POLICIES))
    replay.add(lines(EVENTS))
    folded = replay.incident("default", "X", parse_time_text(instant("12:30")))
    assert folded is not None
    told = explain(Folder(replay.book), folded)
    return replay.book, case_text(case_of(replay.book, told, personal=personal))


def test_people_are_masked_where_no_rule_asks_for_them() -> None:
    book, text = case()
    for secret in ("ann", "Ann", "bea", "555", "b8", "https"):
        assert secret not in text, text
    assert "assignee: boss" in text  # a rule asks for it
    assert text.count("person-1") == 2  # the requester who comments is still the requester
    (read,) = read_cases_text(text)
    assert run_case(book.policies, read) == ()


def test_people_are_kept_when_asked_for() -> None:
    _, text = case(personal=True)
    for kept in ("Ann cannot log in", "ann@example.com", "bea", "555", "https://desk/1"):
        assert kept in text


def test_the_case_fails_when_the_promise_changes() -> None:
    _, text = case()
    (read,) = read_cases_text(text)
    changed = load_text(POLICIES.replace("target: 1h", "target: 3h"))
    assert any("resolution" in reason for reason in run_case(changed, read))
