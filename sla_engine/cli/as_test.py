"""`explain --as-test`: a policy test of a real incident, tried before it is printed."""

from __future__ import annotations

import click

from sla_engine.cli.cases import run_case
from sla_engine.cli.common import say
from sla_engine.cli.explained import Found
from sla_engine.engine.as_case import case_of, case_text
from sla_engine.policy import read_cases_text


def print_as_test(found: Found, *, personal: bool) -> None:
    """The case on stdout; on stderr what a run of it says otherwise, and that is rare."""
    book = found.folder.book
    told = case_of(book, found.explained(), personal=personal, actors=found.actors)
    text = case_text(told)
    (case,) = read_cases_text(text)
    for reason in run_case(book.policies, case):
        say(f"the test does not pass as it stands: {reason}")
    click.echo(text, nl=False)
