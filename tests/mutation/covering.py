"""Which test runs which line, kernels as plain Python: `python -m tests.mutation.covering OUT`.

Needs coverage (`pip install coverage`). Run in the project's folder, with NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

#: What may notice a change; benches, servers and documents are elsewhere.
TESTS = (
    *("tests/golden", "tests/features", "tests/clock", "tests/calendar", "tests/policy"),
    *("tests/alert", "tests/scenarios/test_businesses.py"),
    # What a partition does with the clocks: corrections, looking back, merging, editions.
    *(
        f"tests/engine/test_{name}.py"
        for name in (
            *("corrections", "customers", "editions", "explain", "forgetting", "going_on"),
            *("looking_back", "merging", "partition_clock", "recovery"),
        )
    ),
)
#: A few generated histories against the reference fold.
HISTORIES = "tests/clock/test_against_reference.py::test_a_few_histories"
OPTIONS = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-m", "not slow"),
    *("-W", "ignore:overflow encountered:RuntimeWarning"),
    # It compares compiled with plain kernels: there are no compiled ones here.
    *("--ignore", "tests/calendar/test_plain_kernels.py"),
)


@dataclass
class Covering:
    """`tests`: (node id, seconds); `lines`: module -> line -> numbers of tests."""

    tests: list[tuple[str, float]]
    lines: dict[str, dict[int, list[int]]]

    @classmethod
    def read(cls, path: Path) -> Covering:
        """What `main` wrote."""
        said = json.loads(path.read_text())
        lines = {
            module: {int(line): tests for line, tests in by_line.items()}
            for module, by_line in said["lines"].items()
        }
        return cls([(name, seconds) for name, seconds in said["tests"]], lines)

    def seconds_of(self, tests: Iterable[str]) -> float:
        """How long these tests took together when all ran."""
        known = dict(self.tests)
        return sum(known.get(name, 0.0) for name in tests)

    def tests_of(self, module: str, source: str, line: int, most_s: float) -> list[str]:
        """The tests that run the statement at a line, the quickest first, up to so many seconds.

        What is run at the import only (a constant) is given the tests of the whole module, and
        a module of constants alone all tests.
        """
        known = self.lines.get(module, {})
        first, last = statement_at(source, line)
        found = {test for n in range(first, last + 1) for test in known.get(n, ())}
        found = found or {test for tests in known.values() for test in tests}
        found = found or set(range(len(self.tests)))
        chosen: list[str] = []
        seconds = 0.0
        by_time = sorted((self.tests[n] for n in found), key=lambda test: test[1])
        for name, own in by_time:
            seconds += own
            if seconds > most_s and chosen:
                break
            chosen.append(name)
        # They see the most, so they come last whatever they take.
        rest = [name for name, _ in by_time[len(chosen) :] if name.startswith(HISTORIES)]
        return [*chosen, *rest]


def statement_at(source: str, line: int) -> tuple[int, int]:
    """First and last line of the statement at a line; of a definition, its body's."""
    first, last = line, line
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            if body and line < body[0].lineno:
                # the head of a compound statement; what a definition's head says acts in its body
                defines = isinstance(node, ast.FunctionDef | ast.ClassDef)
                end = (node.end_lineno or line) if defines else body[0].lineno - 1
                return (body[0].lineno if defines else node.lineno), end
            if not body:
                first, last = node.lineno, node.end_lineno or line
    return first, last


class Contexts:
    """Tells the measurement which test is running, and how long each took."""

    def __init__(self, measured: Any) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measured.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self.seconds.get(report.nodeid, 0.0)
        self.seconds[report.nodeid] = before + report.duration


def main() -> int:
    """Run all tests once and write what each covers. The exit code of pytest."""
    import coverage

    root = Path.cwd()
    measured = coverage.Coverage(data_file=None, source=["sla_engine"], config_file=False)
    contexts = Contexts(measured)
    measured.start()
    code = pytest.main([*OPTIONS, *TESTS], plugins=[contexts])
    measured.stop()
    data = measured.get_data()
    names = sorted(contexts.seconds)
    numbers = {name: n for n, name in enumerate(names)}
    lines = {
        str(Path(path).relative_to(root)): {
            line: sorted(numbers[one] for one in tests if one in numbers)
            for line, tests in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }
    tests = [(name, round(contexts.seconds[name], 3)) for name in names]
    Path(sys.argv[1]).write_text(json.dumps({"tests": tests, "lines": lines}))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
