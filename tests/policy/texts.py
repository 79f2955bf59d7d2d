"""Short ways to say a policy file and to ask what came of it."""

from __future__ import annotations

from textwrap import dedent

from sla_engine.policy import Finding, PolicySet, check_texts, load_text
from sla_engine.policy.model import ClockPolicy, Policy, Step

FILE = "policies.yaml"


def policy_set(text: str) -> PolicySet:
    """The policy set of an indented text."""
    return load_text(dedent(text), FILE)


def policy(text: str) -> Policy:
    """The first policy of a text."""
    return policy_set(text).policies[0]


def clock(options: str, top: str = "") -> ClockPolicy:
    """The one clock of a policy: `clock("resolution: {target: 4h}")`."""
    return policy(f"{top}\npolicies: [{{name: p, clocks: {{{options}}}}}]").clocks[0]


def steps(listed: str, top: str = "", clocks: str = "resolution: {target: 4h}") -> tuple[Step, ...]:
    """The steps of a policy: `steps("{at: 80%, notify: team}")`."""
    text = f"{top}\npolicies: [{{name: p, clocks: {{{clocks}}}, escalations: [{listed}]}}]"
    return policy(text).steps


def findings(text: str) -> list[Finding]:
    """Everything that is wrong or doubtful in a text."""
    return check_texts({FILE: dedent(text)})


def said(text: str) -> list[str]:
    """`line: CODE` of every finding."""
    return [f"{found.line}: {found.code}" for found in findings(text)]


def message(text: str) -> str:
    """The message of the only finding."""
    (found,) = findings(text)
    return found.message
