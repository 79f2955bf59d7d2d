"""The README's first policy, as written: run, send one event, see the breach, explain it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, environment, write

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.timeout(900)]

VENV = ".venv/bin/"


@contextmanager
def running(command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A command line of the README; its process group is interrupted at the end."""
    process = subprocess.Popen(
        command,
        shell=True,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=120)


def test_the_first_policy(tmp_path: Path) -> None:
    shown = blocks(ROOT / "README.md")
    (policy,) = [block for block in shown if block.path == "policies/support.yaml"]
    assert len(policy.text.splitlines()) == 6
    write(policy, tmp_path)
    worker, others = [block for block in shown if block.kind == "sh"]
    send, follow, explain = others.text.replace(VENV, "").strip().splitlines()
    with running(worker.text.replace(VENV, "").strip(), tmp_path):
        subprocess.run(send, shell=True, cwd=tmp_path, env=environment(), check=True)
        with running(follow, tmp_path) as alerts:
            assert alerts.stdout is not None
            line = alerts.stdout.readline()
        told = subprocess.run(
            explain, shell=True, cwd=tmp_path, env=environment(), check=True, capture_output=True
        ).stdout.decode()
    assert "breached" in line
    assert "4711" in line
    assert "-> lead" in line
    assert "default/resolution cycle 1: running, breached" in told
    assert "of 20s (20000 ms)" in told
    assert "default/4711/default/resolution/1/breach  lead" in told
