"""Matchers over the members of alerts, written as Alertmanager's: `team = "noc"`.

Source: prometheus/alertmanager, docs/configuration.md, "Matcher". A member that an alert does not
have is empty; of a member with several values (`to`) one must match, for `!=` and `!~` none may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel

Labels = Mapping[str, tuple[str, ...]]

#: Members that every alert may have, beside `attributes.NAME`.
MEMBERS: Final = (
    "type", "id", "tenant", "incident", "set", "clock", "cycle", "policy", "calendar", "threshold",
    "level", "late", "score", "superseded", "unreached", "action", "to", "via",
)  # fmt: skip
ATTRIBUTE: Final = "attributes."
WORDS: Final = {
    "sla.clock.warning": "warning",
    "sla.clock.breached": "breached",
    "sla.escalation": "escalation",
    "sla.alert.cleared": "cleared",
    "sla.alert.retracted": "retracted",
    "sla.alert.amended": "amended",
}
"""How matchers and messages name the types of alerts."""

_WRITTEN = re.compile(
    r'\s*([A-Za-z_][\w.]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",{}]+))\s*'
)
_ENV: Final = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})
_MATCHES: Final = _ENV.compile("text.matches(pattern)")


class MatcherError(ValueError):
    """A text is no matcher; the message says why."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition: `operator` is `=`, `!=`, `=~` or `!~`."""

    name: str
    operator: str
    value: str

    def holds(self, labels: Labels) -> bool:
        """Whether the labels of an alert satisfy it."""
        given = labels.get(self.name) or ("",)
        by_pattern = self.operator.endswith("~")
        found = any(
            matches(self.value, value) if by_pattern else value == self.value for value in given
        )
        return found != self.operator.startswith("!")


def parse_matcher(text: str) -> Matcher:
    """A matcher as written. MatcherError: no matcher, or a pattern that is none of RE2."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise MatcherError('is no matcher; write one like `clock = "resolution"` or `team =~ a|b`')
    name, operator, quoted, bare = found.groups()
    value = bare if quoted is None else re.sub(r"\\(.)", _unescaped, quoted)
    if operator.endswith("~"):
        try:
            matches(value, "")
        except RuntimeError as error:
            raise MatcherError(f"`{value}` is no regular expression of RE2: {error}") from None
    return Matcher(name, operator, value)


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n"}.get(found[1], found[1])


@lru_cache(maxsize=65_536)
def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text: RE2, so that no text can take long."""
    scope = _ENV.Activation({"text": text, "pattern": f"^(?s:{pattern})$"})
    result = _MATCHES.eval(scope)
    if result.type() == cel.Type.ERROR:
        raise RuntimeError(" ".join(str(result.value()).split())[:200])
    return bool(result.plain_value())


def all_hold(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether every matcher holds; none at all: yes."""
    return all(matcher.holds(labels) for matcher in matchers)


def labels_of(event: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The members of an alert that matchers and groups see, as texts."""
    data = event["data"]
    labels: dict[str, tuple[str, ...]] = {
        "type": (WORDS.get(str(event["type"]), str(event["type"])),),
        "id": (str(event["id"]),),
    }
    for name in MEMBERS[2:-3]:
        if name in data and data[name] is not None:
            labels[name] = (_text(data[name]),)
    labels.setdefault("incident", (str(event.get("subject", "")),))
    labels.setdefault("tenant", (str(event.get("tenant", "")),))
    actions = data.get("actions") or ()
    labels["action"] = tuple(str(action["do"]) for action in actions)
    labels["to"] = tuple(str(to) for action in actions for to in action["to"])
    labels["via"] = tuple(
        str(via) for action in actions for via in (action.get("args") or {}).get("via") or ()
    )
    for name, value in (data.get("attributes") or {}).items():
        several = value if isinstance(value, list) else [value]
        labels[ATTRIBUTE + name] = tuple(_text(one) for one in several if one is not None)
    return labels


def values_of(labels: Labels, names: Iterable[str]) -> tuple[str, ...]:
    """The values by which alerts are put together; several values of one name are one text."""
    return tuple(",".join(labels.get(name, ())) for name in names)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
