"""Policies: what is promised to whom. Read, checked, tested, explained.

Reading a directory is the only I/O; everything else is a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sla_engine.policy.check import lint
from sla_engine.policy.document import read_document
from sla_engine.policy.findings import Finding, Findings, PolicyErrors, Severity
from sla_engine.policy.load import directory_texts
from sla_engine.policy.model import PolicySet
from sla_engine.policy.parse import parse

__all__ = [
    "Finding",
    "PolicyErrors",
    "PolicySet",
    "Severity",
    "check_directory",
    "check_texts",
    "load_directory",
    "load_text",
    "load_texts",
    "read_directory",
]


def load_directory(path: str | Path) -> PolicySet:
    """The policy set of a directory. Raises PolicyErrors with all that is wrong."""
    findings = Findings()
    return _load(directory_texts(path, findings), findings)


def load_texts(texts: Mapping[str, str]) -> PolicySet:
    """The policy set of texts by file name, tables included. Raises PolicyErrors."""
    return _load(texts, Findings())


def load_text(text: str, filename: str = "policies.yaml") -> PolicySet:
    """The policy set of one text. Raises PolicyErrors."""
    return load_texts({filename: text})


def read_directory(path: str | Path) -> dict[str, str]:
    """The texts that make up a policy set, by file name, for `load_texts`. Raises PolicyErrors."""
    findings = Findings()
    texts = directory_texts(path, findings)
    if findings.failed:
        raise PolicyErrors(findings.sorted())
    return texts


def check_directory(path: str | Path) -> list[Finding]:
    """Everything that is wrong or doubtful in a directory, by file and line."""
    findings = Findings()
    return _check(directory_texts(path, findings), findings)


def check_texts(texts: Mapping[str, str]) -> list[Finding]:
    """The same for texts by file name."""
    return _check(texts, Findings())


def _load(texts: Mapping[str, str], findings: Findings) -> PolicySet:
    policies, _ = parse(read_document(texts, findings), findings)
    if findings.failed:
        raise PolicyErrors(findings.sorted())
    return policies


def _check(texts: Mapping[str, str], findings: Findings) -> list[Finding]:
    policies, context = parse(read_document(texts, findings), findings)
    if not findings.failed:
        lint(policies, context)
    return findings.sorted()
