"""A destination file: YAML to a Plan, every mistake with file and line and the nearest name."""

from __future__ import annotations

from sla_engine.deliver.plan.destinations import read_destinations
from sla_engine.deliver.plan.kinds import GROUPED_KINDS
from sla_engine.deliver.plan.matching import (
    ATTRIBUTE,
    MEMBERS,
    Matcher,
    MatcherError,
    parse_matcher,
)
from sla_engine.deliver.plan.model import NOBODY, Destination, Grouping, Inhibition, Plan, Route
from sla_engine.limits import DELIVER_GROUP_INTERVAL_MS, DELIVER_GROUP_WAIT_MS
from sla_engine.policy.findings import Findings, PolicyErrors
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar
from sla_engine.policy.reading import Reader
from sla_engine.policy.yamltree import read_yaml

TOP_KEYS = ("destinations", "routes", "default", "inhibit")
ROUTE_KEYS = ("match", "to", "continue", "group_by", "group_wait", "group_interval")
INHIBIT_KEYS = ("source", "target", "equal")


def parse_plan(text: str, file: str) -> Plan:
    """The plan of a destination file; PolicyErrors with everything that is wrong in it."""
    findings = Findings()
    root = read_yaml(text, file, findings)
    plan = None
    if root is not None:
        plan = _Parser(findings).plan(root)
    elif not findings.failed:
        findings.add(Place(file, 1), "MISSING_KEY", "the file needs `destinations`")
    if findings.failed or plan is None:
        raise PolicyErrors(findings.sorted())
    return plan


class _Parser:
    def __init__(self, findings: Findings) -> None:
        self._reader = Reader(findings)
        self._known: dict[str, Destination] = {}

    def plan(self, root: Node) -> Plan | None:
        top = self._reader.mapping(root, "the file")
        if top is None:
            return None
        self._reader.keys(top, TOP_KEYS, "the file")
        destinations = self._reader.required(top, "destinations", "the file")
        if destinations is not None:
            self._known = read_destinations(self._reader, destinations)
        listed = top.get("routes")
        items = () if listed is None else self._reader.items(listed, "`routes`")
        routes = tuple(one for one in map(self._route, items) if one is not None)
        inhibit = top.get("inhibit")
        rules = () if inhibit is None else self._reader.items(inhibit, "`inhibit`")
        inhibitions = tuple(one for one in map(self._inhibition, rules) if one is not None)
        return Plan(self._known, routes, self._default(top, routes), inhibitions)

    def _default(self, top: Mapping, routes: tuple[Route, ...]) -> tuple[str, ...]:
        node = top.get("default")
        if node is None:
            if not routes or routes[-1].matchers:
                self._reader.error(
                    top.place,
                    "MISSING_KEY",
                    "alerts that no route takes go nowhere: give `default`, or `default: none`",
                )
            return ()
        if isinstance(node, Scalar) and node.text == NOBODY:
            return ()
        return self._names(node, "`default`")

    def _route(self, node: Node) -> Route | None:
        entry = self._reader.mapping(node, "a route")
        if entry is None:
            return None
        self._reader.keys(entry, ROUTE_KEYS, "a route")
        to = self._reader.required(entry, "to", "a route")
        goes_on = entry.get("continue")
        grouping = self._grouping(entry)
        names = () if to is None else self._names(to, "`to`")
        if grouping is not None:
            self._check_grouped(entry, names)
        return Route(
            str(entry.place),
            self._matchers(entry.get("match"), "`match`"),
            names,
            goes_on is not None and self._reader.boolean(goes_on, "`continue`") is True,
            grouping,
        )

    def _check_grouped(self, entry: Mapping, names: tuple[str, ...]) -> None:
        for name in names:
            kind = self._known[name].kind
            if kind not in GROUPED_KINDS:
                self._reader.error(
                    entry.place,
                    "NOT_FOR_KIND",
                    f"`{name}` is of kind {kind}, which is told every alert by itself: take it "
                    "out of the route, or `group_by`",
                )

    def _grouping(self, entry: Mapping) -> Grouping | None:
        by = entry.get("group_by")
        waits = [entry.get(name) for name in ("group_wait", "group_interval")]
        if by is None:
            if any(waits):
                self._reader.error(
                    entry.place, "MISSING_KEY", "`group_wait` and `group_interval` need `group_by`"
                )
            return None
        names = self._reader.items(by, "`group_by`")
        found = tuple(self._member(one) for one in names)
        lengths = (DELIVER_GROUP_WAIT_MS, DELIVER_GROUP_INTERVAL_MS)
        wait, interval = (
            length if given is None else self._reader.duration(given, "a wait", zero=True) or 0
            for given, length in zip(waits, lengths, strict=True)
        )
        return Grouping(found, wait, interval)

    def _inhibition(self, node: Node) -> Inhibition | None:
        entry = self._reader.mapping(node, "a rule of `inhibit`")
        if entry is None:
            return None
        self._reader.keys(entry, INHIBIT_KEYS, "a rule of `inhibit`")
        equal = entry.get("equal")
        names = () if equal is None else self._reader.items(equal, "`equal`")
        source, target = (
            self._matchers(self._reader.required(entry, name, "a rule of `inhibit`"), f"`{name}`")
            for name in ("source", "target")
        )
        return Inhibition(source, target, tuple(self._member(one) for one in names))

    def _matchers(self, node: Node | None, what: str) -> tuple[Matcher, ...]:
        found = []
        for scalar in () if node is None else self._reader.texts(node, what):
            try:
                matcher = parse_matcher(scalar.text)
            except MatcherError as error:
                self._reader.error(scalar.place, "BAD_VALUE", f"{what}: `{scalar.text}` {error}")
                continue
            self._check_member(scalar, matcher.name)
            found.append(matcher)
        return tuple(found)

    def _member(self, node: Node) -> str:
        scalar = self._reader.scalar(node, "a member of alerts")
        if scalar is None:
            return ""
        self._check_member(scalar, scalar.text)
        return scalar.text

    def _check_member(self, scalar: Scalar, name: str) -> None:
        if name in MEMBERS or (name.startswith(ATTRIBUTE) and name != ATTRIBUTE):
            return
        hint = suggestion(name, MEMBERS)
        self._reader.error(
            scalar.place,
            "UNKNOWN_ATTRIBUTE",
            f"alerts have no member `{name}`{hint}; an attribute of the incident is written "
            f"`{ATTRIBUTE}{name}`",
        )

    def _names(self, node: Node, what: str) -> tuple[str, ...]:
        found = []
        for scalar in self._reader.texts(node, what):
            if scalar.text in self._known:
                found.append(scalar.text)
                continue
            hint = suggestion(scalar.text, self._known)
            self._reader.error(
                scalar.place, "BAD_VALUE", f"{what}: there is no destination `{scalar.text}`{hint}"
            )
        return tuple(dict.fromkeys(found))
