"""The schema of policy files knows the parser's keys and words: no fewer, no more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.policy import Severity, check_texts, policy_schema
from sla_engine.policy.calendars import COUNTRY_KEYS, FEED_KEYS
from sla_engine.policy.clocks import CLOCK_KEYS, CUSTOM, NAMED_KINDS
from sla_engine.policy.parse import TOP_KEYS
from sla_engine.policy.reading import Reader
from tests.conftest import ROOT, shared_dir
from tests.docs.pages import PAGES, blocks
from tests.policy.json_schema import Schema, as_read, wrong
from tests.policy.test_robustness import _SCRAPS, LINES, broken
from tests.policy.texts import FILE

SCHEMA = policy_schema()
#: Pages whose files map payloads, and say where alerts go.
OTHER_FILES = ("gateway.md", "delivery.md")


def is_policy(path: str) -> bool:
    return path.endswith(".yaml") and not path.endswith(".test.yaml")


def files() -> Iterator[tuple[str, str]]:
    """(name, text) of every policy file beside and in the project, and in its pages."""
    folders = [*(shared_dir() / "golden").iterdir(), *ROOT.glob("scenarios/*/policies")]
    for folder in sorted(folders):
        for path in sorted(folder.glob("*.yaml")):
            if is_policy(path.name):
                yield f"{folder.name}/{path.name}", path.read_text(encoding="utf-8")
    for page in PAGES:
        for block in blocks(page):
            if block.path and is_policy(block.path) and page.name not in OTHER_FILES:
                yield f"{page.name}/{block.path}", block.text


FILES = list(files())


def errors(text: str) -> list[str]:
    """The codes of what `policy check` refuses."""
    found = check_texts({FILE: text})
    return [one.code for one in found if one.severity is Severity.ERROR]


@pytest.mark.parametrize("text", [text for _, text in FILES], ids=[name for name, _ in FILES])
def test_every_policy_file_fits(text: str) -> None:
    assert wrong(SCHEMA, as_read(text)) == []


def test_there_are_files_of_every_origin() -> None:
    names = " ".join(name for name, _ in FILES)
    assert all(part in names for part in ("G01", "H09", "promises", "servicenow", "commands.md"))


# --- what both refuse --------------------------------------------------------------------------

FULL = "\n".join(LINES)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every map of a value."""
    if isinstance(value, dict):
        yield path
    members: Iterable[tuple[Any, object]] = ()
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in members:
        yield from places(one, (*path, key))


#: Maps whose keys are names of the user's own, by the last key or the one before it.
NAMES = "priorities statuses attributes calendars customers recipients sets clocks target".split()


def with_key(value: Any, path: tuple[Any, ...]) -> Any:
    """The value with an unknown key in the map at the path."""
    if not path:
        return {**value, "colour": "red"}
    changed = value.copy()
    changed[path[0]] = with_key(value[path[0]], path[1:])
    return changed


def written(value: object) -> str:
    """A value as YAML in one line; numbers and booleans stay plain, every text is quoted."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else str(value).lower()


def test_an_unknown_key_is_refused_wherever_keys_are_fixed() -> None:
    full = as_read(FULL)
    assert errors(written(full)) == []
    fixed = [path for path in places(full) if not path or path[-1] not in [*NAMES, "hours"]]
    # By priority: its keys are labels, which only the check knows.
    fixed = [path for path in fixed if path != ("policies", 1, "calendar")]
    assert len(fixed) > 20
    for path in fixed:
        changed = with_key(full, path)
        assert wrong(SCHEMA, changed) != [], path
        assert "UNKNOWN_KEY" in errors(written(changed)), path


def clock(options: str) -> str:
    return f"policies: [{{name: p, clocks: {{{options}}}}}]"


def step(options: str) -> str:
    return f"policies: [{{name: p, clocks: {{update: {{every: 4h}}}}, escalations: [{options}]}}]"


@pytest.mark.parametrize(
    "text",
    [
        "polices: []",
        "policies: {}",
        "policies: [{clocks: {update: {every: 4h}}}]",
        "policies: [{name: p, clocks: {}}]",
        "statuses: {pending: waiting}",
        "attributes: {colour: text}",
        "attributes: {custom.x: integer}",
        "calendars: {24x7: {time_zone: UTC}}",
        "calendars: {work: {time_zone: UTC, hours: {monday: [09:00-17:00]}}}",
        "calendars: {work: {time_zone: UTC, hours: {mon: [9-17]}}}",
        "calendars: {work: {time_zone: UTC, hours: {mon: [09:00-17:00]}, holidays: [Christmas]}}",
        "calendars: {work: {hours: {mon: [09:00-17:00]}}}",
        "recipients: {team: {}}",
        "recipients: {lead: }",
        "sets: {ola: {match: some}}",
        "sets: {ola: {party: customer}}",
        "maintenance: [{from: 2026-01-01, to: 2026-01-02T00:00:00Z}]",
        "defaults: {on_reopen: never}",
        "defaults: {carry_pauses: 'true'}",
        clock("resolution: {target: 4 hours}"),
        clock("resolution: {target: }"),
        clock("resolution: {target: []}"),
        clock("resolution: {target: 4h, due_at: due}"),
        clock("resolution: {due_at: tomorrow}"),
        clock("resolution: {target: 4h, start: reopens > 1}"),
        clock("resolution: {target: 4h, per: team}"),
        clock("first_response: {target: 4h, reset: reopens > 1}"),
        clock("review: {target: 4h, stop: reopens > 1}"),
        clock("review: {target: 4h, kind: resolved}"),
        clock("review: {target: 4h, kind: resolution, on_resolve: met}"),
        clock("resolution: {target: 4h, kind: custom}"),
        step("{at: noon, notify: team}"),
        step("{at: 80%, every: 5m, notify: team}"),
        step("{at: 80%, times: 5, notify: team}"),
        step("{every: 5m, after: breach, page: team}"),
        step("{every: 5m, after: breach, times: 0, page: team}"),
        step("{at: breach, raise_priority: '1'}"),
        step("{at: breach, reassign: {team: a, assignee: b}}"),
        step("{at: breach, webhook: ftp://host}"),
        step("{at: breach, notify: team, until: solved}"),
    ],
)
def test_what_is_no_word_or_form_of_the_language_is_refused_by_both(text: str) -> None:
    assert wrong(SCHEMA, as_read(text)) != []
    assert errors(text) != []


@settings(deadline=None)
@given(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 100), st.integers(0, 12)), _SCRAPS)
def test_what_the_check_takes_the_schema_takes(cut: tuple[int, int, int], scrap: str) -> None:
    text = broken(LINES, cut, scrap)
    if errors(text) == []:
        assert wrong(SCHEMA, as_read(text)) == []


# --- every key, and none more --------------------------------------------------------------------


def objects(schema: Any) -> Iterator[Schema]:
    """Every part of the schema that says which keys a map has."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            yield schema
        for one in schema.values():
            yield from objects(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from objects(one)


def sample(schema: Schema, branch: int) -> Any:
    """A value with every key that the schema knows; `branch` picks among forms."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "if" in schema:
        return sample(schema["else"], branch)
    if "anyOf" in schema:
        forms = schema["anyOf"]
        return sample(forms[branch % len(forms)], branch)
    if schema.get("type") == "object":
        known = {key: sample(one, branch) for key, one in schema.get("properties", {}).items()}
        other = schema["additionalProperties"]
        names = schema.get("propertyNames", {}).get("pattern", "")
        name = next(one for one in ("custom.x", "mon", "2026-01-02") if re.search(names, one))
        return known if other is False else {**known, name: sample(other, branch)}
    if schema.get("type") == "array":
        return [sample(schema["items"], branch)]
    return "x"


def test_the_parser_knows_every_key_of_the_schema_and_the_schema_every_key_of_the_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[frozenset[str]] = {frozenset(TOP_KEYS)}
    keys = Reader.keys

    def spied(self: Reader, mapping: Any, known: Iterable[str], what: str) -> None:
        asked.add(frozenset(known))
        keys(self, mapping, tuple(known), what)

    monkeypatch.setattr(Reader, "keys", spied)
    for branch in range(4):
        found = check_texts({FILE: written(sample(SCHEMA, branch))})
        assert [one for one in found if one.code in ("UNKNOWN_KEY", "NOT_FOR_KIND")] == []
    shown = {frozenset(one["properties"]) for one in objects(SCHEMA)}
    clocks = {
        frozenset(SCHEMA["$defs"][f"clock_{kind}"]["properties"]) for kind in (*NAMED_KINDS, CUSTOM)
    }
    assert frozenset[str]().union(*clocks) == frozenset(CLOCK_KEYS)
    # What the schema shows by kind or by form the parser asks for at once.
    together = {frozenset(CLOCK_KEYS), frozenset([*COUNTRY_KEYS, *FEED_KEYS])}
    assert asked - shown <= together
    assert shown - asked <= clocks | {frozenset(COUNTRY_KEYS)}


def test_every_key_is_described() -> None:
    for one in objects(SCHEMA):
        for key, value in one["properties"].items():
            assert value["description"].endswith("."), key
