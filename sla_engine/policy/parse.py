"""A policy document to a PolicySet: every default resolved, every name checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sla_engine.policy.calendars import read_calendars
from sla_engine.policy.cel import Conditions, Scope
from sla_engine.policy.context import Context
from sla_engine.policy.customers import read_customers
from sla_engine.policy.declarations import (
    read_attributes,
    read_priorities,
    read_recipients,
    read_sets,
    read_statuses,
)
from sla_engine.policy.document import Document
from sla_engine.policy.findings import Findings
from sla_engine.policy.literals import Literals
from sla_engine.policy.model import Maintenance, OnEdit, PolicySet
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Node
from sla_engine.policy.options import OPTION_KEYS, Options, read_options
from sla_engine.policy.policies import read_policies
from sla_engine.policy.reading import Reader
from sla_engine.policy.version import set_version

TOP_KEYS: Final = (
    "attributes",
    "priorities",
    "statuses",
    "calendars",
    "customers",
    "recipients",
    "maintenance",
    "sets",
    "defaults",
    "policies",
)
MAINTENANCE_KEYS: Final = ("from", "to", "when")


def parse(document: Document, findings: Findings) -> tuple[PolicySet, Context]:
    """The policy set and what was declared; it is sound only if `findings` holds no error."""
    read = Reader(findings)
    for key, _ in document.keys.values():
        if key.text not in TOP_KEYS:
            hint = suggestion(key.text, TOP_KEYS)
            read.error(key.place, "UNKNOWN_KEY", f"a policy file has no key `{key.text}`{hint}")

    def node(name: str) -> Node | None:
        entry = document.keys.get(name)
        return None if entry is None else entry[1]

    synonyms = read_priorities(node("priorities"), read)
    statuses = read_statuses(node("statuses"), read)
    attributes = read_attributes(node("attributes"), read)
    literals = Literals(synonyms, statuses, attributes)
    context = Context(
        read=read,
        literals=literals,
        conditions=Conditions(literals, findings),
        calendars=read_calendars(node("calendars"), document.tables, read),
        recipients=read_recipients(node("recipients"), read),
        sets=read_sets(node("sets"), read),
    )
    defaults = _defaults(node("defaults"), context)
    policies = read_policies(node("policies"), defaults, context)
    if not policies and not findings.failed:
        read.error(document.place, "NO_POLICY", "no `policies`: nothing is promised to anybody")
    result = PolicySet(
        priorities=literals.priority_labels,
        priority_synonyms=synonyms,
        statuses=statuses,
        attributes=attributes,
        calendars=context.calendars,
        customers=read_customers(node("customers"), document.tables, context),
        recipients=context.recipients,
        maintenance=_maintenance(node("maintenance"), context),
        sets=context.sets,
        policies=policies,
        version="",
        on_edit=defaults.on_edit or OnEdit.PIN,
    )
    return replace(result, version=set_version(result)), context


def _defaults(node: Node | None, context: Context) -> Options:
    mapping = None if node is None else context.read.mapping(node, "`defaults`")
    if mapping is None:
        return Options()
    context.read.keys(mapping, OPTION_KEYS, "`defaults`")
    return read_options(mapping, context)


def _maintenance(node: Node | None, context: Context) -> tuple[Maintenance, ...]:
    windows = []
    for item in () if node is None else context.read.items(node, "`maintenance`"):
        mapping = context.read.mapping(item, "a maintenance window")
        if mapping is None:
            continue
        context.read.keys(mapping, MAINTENANCE_KEYS, "a maintenance window")
        ends = []
        for key in ("from", "to"):
            given = context.read.required(mapping, key, "a maintenance window")
            ends.append(None if given is None else context.read.instant(given, f"`{key}`"))
        begin, end = ends
        when = mapping.get("when")
        condition = None if when is None else context.condition(when, Scope.WHEN, "`when`")
        if begin is None or end is None:
            continue
        if begin >= end:
            context.error(mapping.place, "BAD_TIME", "maintenance: `from` must be before `to`")
        windows.append(Maintenance(begin, end, condition))
    return tuple(windows)
