"""Runs policy tests and says what differs: which member, what was expected, what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sla_engine.policy.cases import INCIDENT, AlertExpectation, Case, ClockExpectation, Expected
from sla_engine.policy.durations import format_duration
from sla_engine.policy.instants import InstantError, parse_instant
from sla_engine.policy.model import PolicySet

Record = Mapping[str, object]
#: (policy set, CloudEvents, until in ms) -> clocks and alerts as contracts sections 3 and 2.
Run = Callable[
    [PolicySet, list[dict[str, object]], int],
    tuple[Sequence[Record], Sequence[Record]],
]

_ID_PARTS_BEFORE_THRESHOLD: Final = 5
_ALERT_TYPES: Final = "sla."


@dataclass(frozen=True)
class Difference:
    """One member that is not as expected; `member` is a path like `clocks.resolution.due`."""

    member: str
    expected: str
    got: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.member}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True)
class CaseResult:
    """A test and what differed; none: it passed."""

    case: Case
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def run_cases(policies: PolicySet, cases: Iterable[Case], run: Run) -> list[CaseResult]:
    """Every test through the engine that is passed in."""
    results = []
    for case in cases:
        clocks, alerts = run(policies, [dict(event) for event in case.events], case.until_ms)
        results.append(CaseResult(case, tuple(compare(case, clocks, alerts))))
    return results


def compare(case: Case, clocks: Sequence[Record], alerts: Sequence[Record]) -> list[Difference]:
    """Clocks as far as they are named; alerts completely, each as far as its members are named."""
    found: list[Difference] = []
    for expected in case.clocks or ():
        found += _compare_clock(expected, clocks)
    if case.alerts is not None:
        found += _compare_alerts(case, [_flat(alert) for alert in alerts])
    return found


def _compare_clock(expected: ClockExpectation, clocks: Sequence[Record]) -> list[Difference]:
    path = f"clocks.{expected.label}"
    members = dict(expected.members or {})
    chosen = {"incident": INCIDENT, **{k: members[k] for k in _CHOOSING if k in members}}
    found = [
        clock
        for clock in clocks
        if expected.clock in (clock.get("clock"), f"{clock.get('set')}/{clock.get('clock')}")
        and all(_matches(value, clock.get(key)) for key, value in chosen.items())
    ]
    if expected.cycle is not None:
        found = [clock for clock in found if clock.get("cycle") == expected.cycle]
    sets = sorted({str(clock.get("set")) for clock in found})
    if len(sets) > 1:
        return [Difference(path, "one set", " and ".join(sets) + " - name `set`", expected.where)]
    latest = max(found, key=_cycle, default=None)
    if expected.members is None:
        got = "none" if latest is None else _brief(latest, ("state", "started", "due"))
        return [] if latest is None else [Difference(path, "no such cycle", got, expected.where)]
    if latest is None:
        known = ", ".join(f"{clock.get('clock')}/{clock.get('cycle')}" for clock in clocks)
        return [Difference(path, "a clock", f"none (there are: {known or 'none'})", expected.where)]
    return [
        _difference(f"{path}.{name}", value, latest.get(name), expected.where)
        for name, value in members.items()
        if not _matches(value, latest.get(name))
    ]


#: Members of an expectation that say which clock is meant.
_CHOOSING: Final = ("tenant", "incident", "set")


def _cycle(clock: Record) -> int:
    cycle = clock.get("cycle")
    return cycle if isinstance(cycle, int) else 0


def _compare_alerts(case: Case, alerts: list[Record]) -> list[Difference]:
    expected = case.alerts or ()
    partner = _pair(expected, alerts)
    lonely = [alert for position, alert in enumerate(alerts) if position not in partner.values()]
    found = []
    for position, expectation in enumerate(expected):
        if position in partner:
            continue
        path = f"alerts[{position + 1}]"
        nearest = max(lonely, key=lambda alert: _likeness(expectation, alert), default=None)
        if nearest is None or not _likeness(expectation, nearest):
            found.append(Difference(path, _show(expectation.members), "none", expectation.where))
            continue
        lonely.remove(nearest)
        found += [
            _difference(f"{path}.{name}", value, nearest.get(name), expectation.where)
            for name, value in expectation.members.items()
            if not _matches(value, nearest.get(name))
        ]
    for alert in lonely:
        got = _brief(alert, ("type", "clock", "threshold", "at", "to"))
        found.append(Difference("alerts", "no further alert", got, case.where))
    return found


def _difference(member: str, expected: Expected, got: object, where: str) -> Difference:
    """One member; instants and lengths say how far they are apart, as people count time."""
    shown = _show(got)
    if isinstance(expected, str) and isinstance(got, str):
        wanted, came = _instant(expected), _instant(got)
        if wanted is not None and came is not None:
            word = "later" if came > wanted else "earlier"
            apart = format_duration(abs(came - wanted))
            shown = f"{_in_the_zone_of(expected, came)} ({apart} {word})"
    elif member.endswith("_ms") and isinstance(expected, str) and type(got) is int:
        with suppress(ValueError):
            more = got - int(expected)
            word = "more" if more > 0 else "less"
            shown = f"{got} ({format_duration(abs(more))} {word})"
    return Difference(member, _show(expected), shown, where)


def _instant(text: str) -> int | None:
    try:
        return parse_instant(text)
    except InstantError:
        return None


def _in_the_zone_of(expected: str, came_ms: int) -> str:
    """An instant with the offset that the test was written with."""
    zone = datetime.fromisoformat(expected.upper()).tzinfo or UTC
    came = datetime.fromtimestamp(came_ms // 1000, zone) + timedelta(milliseconds=came_ms % 1000)
    shown = came.isoformat(timespec="milliseconds" if came_ms % 1000 else "seconds")
    return shown.replace("+00:00", "Z")


def _pair(expected: Sequence[AlertExpectation], alerts: Sequence[Record]) -> dict[int, int]:
    """The largest pairing of expectations with alerts that fit them (augmenting paths)."""
    owner: dict[int, int] = {}

    def place(wanted: int, tried: set[int]) -> bool:
        for position, alert in enumerate(alerts):
            if position in tried or not _fits(expected[wanted], alert):
                continue
            tried.add(position)
            if position not in owner or place(owner[position], tried):
                owner[position] = wanted
                return True
        return False

    for wanted in range(len(expected)):
        place(wanted, set())
    return {wanted: position for position, wanted in owner.items()}


def _fits(expectation: AlertExpectation, alert: Record) -> bool:
    return all(_matches(value, alert.get(name)) for name, value in expectation.members.items())


def _likeness(expectation: AlertExpectation, alert: Record) -> int:
    return sum(_matches(value, alert.get(name)) for name, value in expectation.members.items())


def _flat(alert: Record) -> Record:
    """An alert as a test names it: data flat, `at`, the threshold with its repeat, all of `to`."""
    data = alert.get("data")
    flat: dict[str, object] = dict(data) if isinstance(data, Mapping) else {}
    flat["type"] = alert.get("type")
    flat["id"] = alert.get("id")
    flat["at"] = alert.get("time")
    original = str(flat.get("alert") or alert.get("id") or "")
    parts = original.split("/", _ID_PARTS_BEFORE_THRESHOLD)
    flat["threshold"] = parts[-1] if len(parts) > _ID_PARTS_BEFORE_THRESHOLD else None
    flat.setdefault("incident", alert.get("subject"))
    flat["to"] = _recipients(flat.get("actions"))
    return flat


def _recipients(actions: object) -> list[object]:
    """The recipients of all actions, each once, in order."""
    found: dict[object, None] = {}
    for action in actions if isinstance(actions, list | tuple) else ():
        if isinstance(action, Mapping):
            found.update(dict.fromkeys(action.get("to") or ()))
    return list(found)


def _matches(expected: Expected, got: object) -> bool:
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(
            _matches(value, got.get(name)) for name, value in expected.items()
        )
    if isinstance(expected, tuple):
        return (
            isinstance(got, list | tuple)
            and len(expected) == len(got)
            and all(map(_matches, expected, got))
        )
    if expected is None or got is None:
        return expected is None and got is None
    return expected == _show(got) or _same_instant(expected, got) or _same_type(expected, got)


def _same_instant(expected: str, got: object) -> bool:
    try:
        return isinstance(got, str) and parse_instant(expected) == parse_instant(got)
    except InstantError:
        return False


def _same_type(expected: str, got: object) -> bool:
    """`sla.clock.breached`, `clock.breached` and `breached` are one alert type."""
    return isinstance(got, str) and got.startswith(_ALERT_TYPES) and got.endswith(f".{expected}")


def _brief(record: Record, names: Sequence[str]) -> str:
    return _show({name: record[name] for name in names if record.get(name) is not None})


def _show(value: object) -> str:
    """A value as YAML's flow style would write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_show(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_show, value)) + "]"
    return str(value)
