"""A directory is one document of YAML 1.2, in which everything is text until a key wants more."""

from __future__ import annotations

from pathlib import Path

import pytest

from sla_engine.policy import (
    PolicyErrors,
    check_directory,
    check_texts,
    load_directory,
    load_text,
    load_texts,
    read_directory,
)
from sla_engine.policy.model import StatusClass
from tests.policy.texts import findings, message, policy, policy_set, said

POLICY = "policies: [{name: all, clocks: {resolution: {target: 1h}}}]\n"


def test_all_files_of_a_directory_are_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("recipients: {lead: {}}\n" + POLICY)
    (tmp_path / "b.yaml").write_text("recipients: {boss: {}}\n" + POLICY.replace("all", "more"))
    (tmp_path / "cases.test.yaml").write_text("tests: []\n")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "c.yaml").write_text("nonsense: 1\n")
    loaded = load_directory(tmp_path)
    assert [one.name for one in loaded.policies] == ["all", "more"]
    assert set(loaded.recipients) == {"lead", "boss"}
    assert load_texts(read_directory(tmp_path)).version == loaded.version


@pytest.mark.parametrize(
    ("again", "found"),
    [
        ("recipients: {lead: {}}\n", "b.yaml:1: DUPLICATE"),
        ("priorities: [a, b]\n", "b.yaml:1: DUPLICATE"),
        ("defaults: {hold: 5s}\n", "b.yaml:1: DUPLICATE"),
        ("\n" + POLICY, "b.yaml:2: DUPLICATE"),
    ],
)
def test_a_name_that_two_files_define_is_an_error(again: str, found: str) -> None:
    first = "priorities: [a]\ndefaults: {hold: 1s}\nrecipients: {lead: {}}\n" + POLICY
    errors = check_texts({"a.yaml": first, "b.yaml": again})
    assert str(errors[0]).startswith(found)
    assert "a.yaml:" in errors[0].message


def test_lists_of_several_files_follow_the_files_names() -> None:
    texts = {f"{name}.yaml": POLICY.replace("all", name) for name in ("b", "a", "c")}
    assert [one.name for one in load_texts(texts).policies] == ["a", "b", "c"]


def test_a_key_given_twice_names_the_first_place() -> None:
    text = """\
        policies:
          - name: all
            clocks:
              resolution: {target: 1h}
              resolution: {target: 2h}
        """
    assert said(text) == ["5: DUPLICATE"]
    assert "policies.yaml:4" in message(text)


def test_every_key_and_label_is_text() -> None:
    loaded = policy_set("""\
        priorities: {3: [NO, on], 4: ~}
        statuses: {1: resolved, off: on_hold}
        recipients: {2026-12-24: {via: [16:00, 0x10]}}
        policies: [{name: 007, clocks: {resolution: {target: {3: 1h, default: 2h}}}}]
        """)
    assert loaded.priorities == ("3", "4")
    assert loaded.priority_synonyms["NO"] == "3"
    assert loaded.statuses["1"] is StatusClass.RESOLVED
    assert loaded.statuses["off"] is StatusClass.ON_HOLD
    assert loaded.recipients["2026-12-24"].via == ("16:00", "0x10")
    assert loaded.policies[0].name == "007"


def test_only_true_and_false_are_booleans() -> None:
    text = "policies: [{name: all, clocks: {resolution: {target: 1h, rearm: %s}}}]"
    assert policy(text % "true").clocks[0].rearm
    for word in ("yes", "on", "1", '"true"'):
        assert said(text % word) == ["1: WRONG_TYPE"]


@pytest.mark.parametrize(
    "line",
    [
        'when: kind in ["a"], ',
        'when: \'"a" == kind && kind in ["b"]\', pause: !(kind == "a"), ',
        "when: !reopens, ",
        'when: "a" == kind, ',
        'when: tags.exists(t, t == "a"), ',
        'when: size({"a": 1}) > 0, ',
    ],
)
def test_a_condition_that_yaml_tears_apart_must_be_quoted(line: str) -> None:
    text = "policies:\n  - {name: all, " + line + "clocks: {resolution: {target: 1h}}}\n"
    found = [error for error in findings(text) if error.code == "QUOTE"]
    assert [error.line for error in found][:1] == [2]
    assert "must be quoted" in found[0].message


def test_the_error_is_at_the_line_of_the_condition_in_a_long_map() -> None:
    assert (
        said("""\
        policies:
          - {name: all,
             clocks: {
               resolution: {target: 1h,
                            pause: status_class in ["on_hold"]}}}
        """)[0]
        == "5: QUOTE"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("policies: [\n", "2: YAML"),
        ("a: 1\n---\nb: 2\n", "2: YAML"),
        ("policies: *nowhere\n", "1: YAML"),
        ("? [a]\n: b\n", "1: YAML"),
        ("policies: &loop [*loop]\n", "1: YAML"),
        ("[" * 100 + "]" * 100, "1: YAML"),
        ("[" * 600, "1: YAML"),
        ("- a\n", "1: WRONG_TYPE"),
        ("a\x00b: 1\n", "1: YAML"),
    ],
)
def test_what_is_no_policy_document_is_said_at_its_line(text: str, found: str) -> None:
    assert found in said(text)


def test_an_alias_is_what_it_stands_for() -> None:
    loaded = policy_set("""\
        policies:
          - {name: a, when: reopens > 1, clocks: &both {resolution: {target: 1h}}}
          - {name: b, clocks: *both}
        """)
    first, second = loaded.policies
    assert first.clocks == second.clocks


def test_a_directory_without_policy_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cases.test.yaml").write_text("tests: []\n")
    assert [found.code for found in check_directory(tmp_path)] == ["FILE"]
    assert [found.code for found in check_directory(tmp_path / "missing")][:1] == ["FILE"]


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"# fine\nrecipients: {l\xe9ad: {}}\n")
    with pytest.raises(PolicyErrors, match=r"a\.yaml:2: FILE is not UTF-8"):
        load_directory(tmp_path)


def test_an_error_carries_every_finding_and_prints_one_a_line() -> None:
    with pytest.raises(PolicyErrors) as caught:
        load_text("polices: []\nsets: {a: {match: b}}\n", "x.yaml")
    lines = str(caught.value).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["x.yaml:1:", "UNKNOWN_KEY"],
        ["x.yaml:2:", "BAD_VALUE"],
    ]
    assert (caught.value.file, caught.value.line, caught.value.code) == ("x.yaml", 1, "UNKNOWN_KEY")


def test_an_unknown_key_names_the_nearest() -> None:
    assert "did you mean `policies`?" in message("polices: []\n" + POLICY)
    text = "policies: [{name: all, clocks: {resolution: {target: 1h, on_reopn: new}}}]"
    assert "did you mean `on_reopen`?" in message(text)
