"""What a check finds: each with file, line and a stable code; all of them, not the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from sla_engine.errors import PolicyError
from sla_engine.policy.codes import CODES
from sla_engine.policy.nodes import Place


class Severity(IntEnum):
    """Errors refuse the policy set; warnings are printed and marked."""

    ERROR = 0
    WARNING = 1


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong (or, as a warning, probably not meant), and where."""

    file: str
    line: int
    code: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        mark = "warning: " if self.severity is Severity.WARNING else ""
        return f"{self.file}:{self.line}: {self.code} {mark}{self.message}"


class PolicyErrors(PolicyError):
    """A policy set with errors; `findings` holds all of them, warnings included."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        errors = [found for found in self.findings if found.severity is Severity.ERROR]
        first = errors[0]
        super().__init__(first.message, code=first.code, file=first.file, line=first.line)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(found) for found in self.errors)


class Findings:
    """Collects findings while a policy set is read; the same thing is said once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def add(self, place: Place, code: str, message: str) -> None:
        """Note a finding; its severity is that of the code."""
        severity = Severity.WARNING if CODES[code].warning else Severity.ERROR
        self._found[Finding(place.file, place.line, code, severity, message)] = None

    def sorted(self) -> list[Finding]:
        """All findings by file and line."""
        return sorted(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(found.severity is Severity.ERROR for found in self._found)
