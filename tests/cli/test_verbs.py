"""The command line as a whole: help, exit codes, what is imported, what reaches a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sla_engine.cli import VERBS
from tests.cli.calling import Capture, call, run_apart

#: Every verb and subverb that prints data, with a call that is complete apart from services.
PLAIN = ["config show", "--help", "--version", "replay --help", "send --help", "run --help"]
PLAIN += ["gateway --help", "hook test --help"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(capsysbinary: Capture, verb: str) -> None:
    called = call(capsysbinary, verb, "--help")
    assert called.code == 0
    assert f"sla-engine {verb}" in called.out.split("Example", 1)[1]


@pytest.mark.parametrize(
    "verb",
    [
        *("policy check", "policy explain", "policy test", "config show", "replay", "explain"),
        *("calendar add", "calendar between", "calendar next-open", "calendar hours"),
    ],
)
def test_what_prints_data_prints_it_for_programs_too(capsysbinary: Capture, verb: str) -> None:
    called = call(capsysbinary, *verb.split(), "--help")
    assert called.code == 0
    assert "--format [text|json]" in called.out
    assert f"sla-engine {verb}" in called.out.split("Example", 1)[1]


@pytest.mark.parametrize("arguments", PLAIN)
def test_a_verb_that_decides_nothing_imports_no_kernels(tmp_path: Path, arguments: str) -> None:
    """Design section 6: verbs that do not decide anything import no numba."""
    program = f"""
import sys
from sla_engine.cli import main
try:
    main({arguments.split()!r})
except SystemExit as ended:
    assert ended.code in (0, None), ended.code
print(sorted({{"numba", "faust", "prometheus_client"}} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stderr.strip() == "[]"


def test_the_list_of_verbs_says_what_each_is_for(capsysbinary: Capture) -> None:
    out = call(capsysbinary, "--help").out
    for verb in VERBS.values():
        assert f"  {verb.name} " in out
        assert verb.help in out
    assert "Exit codes: 0 done, 1 a check found something, 2 the call is wrong" in out


def test_an_unknown_verb_is_told_the_nearest(capsysbinary: Capture) -> None:
    called = call(capsysbinary, "polcy")
    assert called.code == 2
    assert "No such verb `polcy`. Did you mean `policy`?" in called.err
    assert called.out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("replay", 2, "Missing argument 'EVENTS'"),
        ("replay nowhere.jsonl", 2, "'nowhere.jsonl' does not exist"),
        ("replay {events} --policies {policies} --until tomorrow", 2, "`tomorrow` is no instant"),
        ("replay {events} --policies {policies} --colour red", 2, "No such option"),
        ("replay {events} --policies {policies} --clocks {policies}", 2, "is a directory"),
        ("policy check {policies}/none", 2, "does not exist"),
        ("calendar add office 2026-11-27T10:00:00Z 2w --policies {policies}", 2, "`2w`"),
        ("calendar add offce 2026-11-27T10:00:00Z 2h --policies {policies}", 2, "unknown calendar"),
        ("config show --config none.toml", 2, "none.toml: cannot be read"),
        ("explain 1 --events {events} --policies {policies}", 2, "no event of incident `1`"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_on_stderr(
    capsysbinary: Capture, policies: Path, events: Path, arguments: str, code: int, said: str
) -> None:
    given = arguments.format(policies=policies, events=events).split()
    called = call(capsysbinary, *given)
    assert (called.code, called.out) == (code, "")
    assert said in called.err


def test_wrong_policies_give_exit_code_1_with_file_and_line(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    (policies / "more.yaml").write_text("policies:\n  - name: x\n    clcks: {}\n")
    called = call(capsysbinary, "replay", events, "--policies", policies)
    assert (called.code, called.out) == (1, "")
    assert "more.yaml:3: " in called.err


def test_a_wrong_setting_gives_exit_code_2(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLA_KAFKA__BROKER", "x:1")
    called = call(capsysbinary, "config", "show")
    assert called.code == 2
    assert "SLA_KAFKA__BROKER names no setting; did you mean SLA_KAFKA__BROKERS?" in called.err


def test_what_is_piped_has_no_colours(policies: Path) -> None:
    (policies / "support.test.yaml").write_text("tests: []\n")
    (policies / "support.yaml").write_text("policies: [{name: x, clocks: {a: {target: 1h}}}]\n")
    called = run_apart("policy", "check", policies, env={"TERM": "xterm-256color"})
    assert called.code == 1
    assert "support.yaml:1: " in called.out
    assert "\x1b" not in called.out + called.err


def test_a_reader_that_goes_away_is_no_error(policies: Path) -> None:
    """`sla-engine config show | head -1` ends without a traceback."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "sla_engine.cli", "config", "show"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert done.stderr == b""


def test_the_shell_can_complete_verbs_and_options() -> None:
    words = {"COMP_WORDS": "sla-engine pol", "COMP_CWORD": "1"}
    complete = {"_SLA_ENGINE_COMPLETE": "bash_complete"}
    assert "plain,policy" in run_apart(env=words | complete).out
    words = {"COMP_WORDS": "sla-engine replay --dea", "COMP_CWORD": "2"}
    assert "plain,--dead" in run_apart(env=words | complete).out
