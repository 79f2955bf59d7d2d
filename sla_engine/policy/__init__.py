"""Policies: what is promised to whom. Read, checked, tested, explained.

Reading a directory is the only I/O; everything else is a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sla_engine.policy.cases import Case, read_cases
from sla_engine.policy.check import lint
from sla_engine.policy.compare import CaseResult, Run, run_cases
from sla_engine.policy.describe import describe
from sla_engine.policy.document import read_document
from sla_engine.policy.explain import explain, explain_text
from sla_engine.policy.findings import Finding, Findings, PolicyErrors, Severity
from sla_engine.policy.load import case_texts, directory_texts
from sla_engine.policy.model import PolicySet
from sla_engine.policy.parse import parse
from sla_engine.policy.schema import policy_schema

__all__ = [
    "Case",
    "CaseResult",
    "Finding",
    "PolicyErrors",
    "PolicySet",
    "Run",
    "Severity",
    "check_directory",
    "check_texts",
    "describe",
    "explain",
    "explain_text",
    "load_cases",
    "load_directory",
    "load_text",
    "load_texts",
    "policy_schema",
    "read_cases_text",
    "read_directory",
    "run_cases",
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
    _refuse(findings)
    return texts


def check_directory(path: str | Path) -> list[Finding]:
    """Everything that is wrong or doubtful in a directory, tests included, by file and line."""
    findings = Findings()
    read_cases(case_texts(path, findings), findings)
    return _check(directory_texts(path, findings), findings)


def check_texts(texts: Mapping[str, str]) -> list[Finding]:
    """Everything that is wrong or doubtful in texts by file name."""
    return _check(texts, Findings())


def load_cases(path: str | Path) -> tuple[Case, ...]:
    """The policy tests (`*.test.yaml`) of a directory. Raises PolicyErrors."""
    findings = Findings()
    cases = read_cases(case_texts(path, findings), findings)
    _refuse(findings)
    return cases


def read_cases_text(text: str, filename: str = "case.test.yaml") -> tuple[Case, ...]:
    """The policy tests of one text. Raises PolicyErrors."""
    findings = Findings()
    cases = read_cases({filename: text}, findings)
    _refuse(findings)
    return cases


def _load(texts: Mapping[str, str], findings: Findings) -> PolicySet:
    policies, _ = parse(read_document(texts, findings), findings)
    _refuse(findings)
    return replace(policies, texts=dict(texts))


def _check(texts: Mapping[str, str], findings: Findings) -> list[Finding]:
    policies, context = parse(read_document(texts, findings), findings)
    if not findings.failed:
        lint(policies, context)
    return findings.sorted()


def _refuse(findings: Findings) -> None:
    if findings.failed:
        raise PolicyErrors(findings.sorted())
