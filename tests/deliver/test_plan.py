"""The destination file: what matchers and routes do, and every mistake with line and hint."""

from __future__ import annotations

import pytest

from sla_engine.deliver.plan.matching import MatcherError, labels_of, matches, parse_matcher
from sla_engine.deliver.plan.parse import parse_plan
from sla_engine.deliver.plan.routing import choose
from sla_engine.policy.findings import PolicyErrors
from tests.deliver.delivering import alert, warning

OUT = "destinations:\n  out: {kind: stdout}\n  two: {kind: stdout}\n"


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("type = breached", True),
        ('type="breached"', True),
        ("type != breached", False),
        ("type =~ breach", False),
        ("type =~ breach.*", True),
        ('type =~ "warning|breached"', True),
        ("type !~ warning|cleared", True),
        ("incident = 4711", True),
        ("cycle = 1", True),
        ("superseded = false", True),
        ("level = 1", False),
        ('level = ""', True),
        ("to = lead", True),
        ("to = team:noc", True),
        ("to != team:noc", False),
        ("to =~ team:.*", True),
        ("action = page", True),
        ("action != page", False),
        ("attributes.team = noc", True),
        ("attributes.tags = vip", True),
        ("attributes.none != x", True),
        ('threshold = "breach"', True),
        ('type =~ "(?i)BREACHED"', True),
    ],
)
def test_what_a_matcher_says_of_an_alert(written: str, holds: bool) -> None:
    event = alert(
        attributes={"team": "noc", "tags": ["vip", "eu"]},
        actions=[
            {"do": "notify", "to": ["lead"], "args": {"via": []}},
            {"do": "page", "to": ["team:noc", "ceo"], "args": {"via": ["phone"]}},
        ],
    )
    assert parse_matcher(written).holds(labels_of(event)) is holds


@pytest.mark.parametrize(
    "written", ["", "type", "type == x", "= x", "type = a b", 'type =~ "("', "type = x, y = z"]
)
def test_what_is_no_matcher_is_refused(written: str) -> None:
    with pytest.raises(MatcherError):
        parse_matcher(written)


def test_no_text_makes_a_pattern_slow() -> None:
    assert not matches("(a+)+b", "a" * 5_000)
    assert matches("a.c", "a\nc"), "a value with a line end is matched whole"


def chosen(routes: str, event: dict[str, object]) -> list[str]:
    plan = parse_plan(OUT + routes, "deliver.yaml")
    return [one.destination for one in choose(plan, event, labels_of(event))]


@pytest.mark.parametrize(
    ("routes", "to"),
    [
        ("default: out", ["out"]),
        ("default: none", []),
        ("default: [two, out]", ["two", "out"]),
        ("routes: [{to: two}, {to: out}]", ["two"]),
        ("routes: [{to: two, continue: true}, {to: out}]", ["two", "out"]),
        ("routes: [{match: type = warning, to: two}]\ndefault: out", ["out"]),
        ("routes: [{match: type = breached, to: two}]\ndefault: out", ["two"]),
        ("routes: [{match: type = breached, to: two, continue: true}]\ndefault: out", ["two"]),
        ("routes: [{match: [type = breached, clock = x], to: two}]\ndefault: out", ["out"]),
        ("routes: [{to: two, continue: true}, {to: [two, out]}]", ["two", "out"]),
    ],
)
def test_which_destinations_the_routes_choose(routes: str, to: list[str]) -> None:
    assert chosen(routes, alert()) == to


def test_superseded_steps_are_chosen_only_where_asked_for() -> None:
    assert chosen("default: out", warning(superseded=True)) == []
    text = "destinations:\n  out: {kind: stdout, superseded: true}\ndefault: out"
    event = warning(superseded=True)
    plan = parse_plan(text, "deliver.yaml")
    assert [one.destination for one in choose(plan, event, labels_of(event))] == ["out"]


HOOK = "destinations: {a: {kind: webhook, url: 'https://example.com'"
WRONG = [
    ("", "1: MISSING_KEY the file needs `destinations`"),
    ("destination: {}", "1: UNKNOWN_KEY the file has no key `destination` - did you mean `dest"),
    (OUT, "1: MISSING_KEY alerts that no route takes go nowhere: give `default`"),
    (OUT + "default: owt", "4: BAD_VALUE `default`: there is no destination `owt` - did you me"),
    (OUT + "routes: [{to: tow}]", "4: BAD_VALUE `to`: there is no destination `tow` - did you"),
    (OUT + "routes: [{match: type = x}]", "4: MISSING_KEY a route needs `to`"),
    (OUT + "routes: [{too: out}]", "4: UNKNOWN_KEY a route has no key `too` - did you mean `to`"),
    (OUT + "routes: [{to: out, match: tpe = x}]", "4: UNKNOWN_ATTRIBUTE alerts have no member"),
    (OUT + "routes: [{to: out, match: team = x}]", "incident is written `attributes.team`"),
    (OUT + "routes: [{to: out, match: type}]", "4: BAD_VALUE `match`: `type` is no matcher"),
    (OUT + "routes: [{to: out, group_wait: 5s}]", "need `group_by`"),
    (OUT + "routes: [{to: out, group_by: [tem]}]", "4: UNKNOWN_ATTRIBUTE"),
    (OUT + "routes: [{to: out, group_by: [type], group_wait: 5}]", "4: BAD_DURATION"),
    (OUT + "default: out\ninhibit: [{source: type = breached}]", "needs `target`"),
    ("destinations: {a: {kind: webhok}}", "`kind` cannot be `webhok` - did you mean `webhook`?"),
    ("destinations: {a: {url: x}}", "destination `a` needs `kind`"),
    ("destinations: {A b: {kind: stdout}}", "is no name of a destination"),
    ("destinations: {none: {kind: stdout}}", "is no name of a destination"),
    ("destinations: {a: {kind: webhook}}", "1: ONE_OF destination `a` needs one of `url` and"),
    (HOOK + ", scret: x}}", "of kind webhook has no key `scret` - did you mean `secret`?"),
    (HOOK + ", secret: 'whsec_MADEUP'}}", "never the secret itself"),
    (HOOK + ", timeout: 5}}", "BAD_DURATION `timeout`"),
    (HOOK + ", rate: 0}}", "`rate` must be from 1 to"),
    (HOOK + ", concurrency: many}}", "`concurrency` must be a whole number"),
    (HOOK + ", text: hello}}", "NOT_FOR_KIND a destination of kind webhook has no `text`"),
    (HOOK + ", json: '{{ alert.incident }'}}", "`json`: "),
    (HOOK + ", json: 'a: {{ alert.incident }}'}}", "gives no JSON"),
    (HOOK + ", json: '{{ alrt }}'}}", "'alrt' is undefined"),
    ("destinations: {a: {kind: webhook, url: 'ftp://x'}}", "`url` must begin with https://"),
    ("destinations: {a: {kind: pagerduty, secret: pd}}\nroutes: [{to: a, group_by: [type]}]",
     "told every alert by itself"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_mistake_is_told_with_its_line_and_how_to_mend_it(text: str, said: str) -> None:
    with pytest.raises(PolicyErrors) as refused:
        parse_plan(text, "deliver.yaml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("deliver.yaml:")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ alert.__class__ }}",
        "{% for i in range(100000) %}x{% endfor %}",
        "{{ 'x' * 1000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% for i in range(900) %}{% for j in range(900) %}xxxxxxxx{% endfor %}{% endfor %}",
        "{{ alert.update({'title': 'x'}) }}",
        "{% include 'passwd' %}",
        "{{ cycler }}",
        "{{ '%1000000d' | format(1) }}",
    ],
)
def test_a_template_gets_out_of_nothing_and_is_bounded(template: str) -> None:
    text = f"destinations: {{a: {{kind: slack, url: 'https://example.com', text: {template!r}}}}}"
    with pytest.raises(PolicyErrors, match="`text`"):
        parse_plan(text + "\ndefault: a", "deliver.yaml")
