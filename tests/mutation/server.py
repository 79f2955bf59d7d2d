"""Tests one mutant after another in processes that have imported all but the project already.

`python -m tests.mutation.server`, in a copy of the project, reads jobs from stdin and answers on
stdout, one JSON object a line: {"path", "source", "tests", "timeout_s"} -> {"outcome", "by"}.
A process is forked per mutant: to start Python and import numba and its like takes seconds. Time
is the processor's, so that a busy machine kills no mutant; who waits is given longer.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.covering import OPTIONS

_IMPORTED = (
    *("numpy", "numba", "llvmlite", "hypothesis", "orjson", "msgspec", "ruamel.yaml", "click"),
    *("cel_expr_python", "holidays", "icalendar", "dateutil", "rich", "tzdata", "zoneinfo"),
    *("json", "sqlite3", "multiprocessing", "concurrent.futures", "asyncio", "prometheus_client"),
    *("_pytest.assertion.rewrite", "hypothesis.strategies", "hypothesis.extra.numpy"),
)
_QUIET = ("-x", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
_KILLED, _SURVIVED, _BROKEN = 1, 0, 3
#: How much longer than its processor time a mutant may take by the clock on the wall.
_WAITS = 6
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)


class Chosen:
    """Runs the chosen tests or whole files in their order, and says which one failed first."""

    def __init__(self, tests: list[str], out: int) -> None:
        self.order = {name: n for n, name in enumerate(tests)}
        self.out = out

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        places = [
            (self.order.get(item.nodeid, self.order.get(item.nodeid.split("::")[0])), item)
            for item in items
        ]
        kept = [(place, item) for place, item in places if place is not None]
        items[:] = [item for _, item in sorted(kept, key=lambda pair: pair[0])]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.out, report.nodeid.encode()[:500] + b"\n")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            os.write(self.out, b"collecting " + report.nodeid.encode()[:500] + b"\n")


@contextmanager
def replaced(path: Path, source: str) -> Iterator[None]:
    """The file with another text; its time as before afterwards, so that compiled files hold."""
    before, times = path.read_text(), path.stat()
    path.write_text(source)
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def child(tests: list[str], out: int, timeout_s: float) -> None:
    """Run the tests and leave with a verdict."""
    os.setpgid(0, 0)
    most = math.ceil(timeout_s)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.dont_write_bytecode = True
    files = sorted({name.split("::")[0] for name in tests})
    code = pytest.main([*_QUIET, *OPTIONS, *files], plugins=[Chosen(tests, out)])
    os._exit(_SURVIVED if code == pytest.ExitCode.OK else _KILLED)


def tested(tests: list[str], timeout_s: float) -> tuple[str, str]:
    """(killed, timeout or survived, by which test)."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            child(tests, writes, timeout_s)
        finally:
            os._exit(_BROKEN)
    os.close(writes)
    ends = time.monotonic() + timeout_s * _WAITS
    status = None
    while status is None and time.monotonic() < ends:
        done, code = os.waitpid(pid, os.WNOHANG)
        status = code if done else None
        time.sleep(0.02)
    if status is None:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    with os.fdopen(reads) as said:
        by = said.readline().strip()
    if status is None or os.waitstatus_to_exitcode(status) in _OUT_OF_TIME:
        return "timeout", by
    return ("survived" if os.waitstatus_to_exitcode(status) == _SURVIVED else "killed"), by


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """The verdict on one mutant."""
    begun = time.monotonic()
    with replaced(Path(job["path"]), job["source"]):
        outcome, by = tested(job["tests"], job["timeout_s"])
    seconds = round(time.monotonic() - begun, 1)
    return {"outcome": outcome, "by": by, "seconds": seconds, "tests": len(job["tests"])}


def main() -> None:
    """Answer until stdin ends."""
    for name in _IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
