"""Reads a policy directory: the one module of this package that opens files.

All `*.yaml` (no subfolders, not `*.test.yaml`) are one document. The tables that a policy may
refer to (`*.csv`, `*.ics` beside it) are read with it, so that nothing later touches a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sla_engine.limits import POLICY_BYTES_MAX, POLICY_FILES_MAX
from sla_engine.policy.findings import Findings
from sla_engine.policy.nodes import Place

TEST_SUFFIX: Final = ".test.yaml"
COMPANIONS: Final = (".csv", ".ics")

_NameTest = Callable[[str], bool]


def is_policy_file(name: str) -> bool:
    """Whether a file of this name is part of the policy document."""
    return name.endswith(".yaml") and not name.endswith(TEST_SUFFIX)


def directory_texts(directory: str | Path, findings: Findings) -> dict[str, str]:
    """File name -> text of the policy files and their tables, by name.

    What cannot be read is a finding (FILE); the rest is returned all the same.
    """
    return dict(
        _texts(
            Path(directory),
            findings,
            lambda name: is_policy_file(name) or name.endswith(COMPANIONS),
            "holds no *.yaml - a policy directory needs at least one",
            is_policy_file,
        )
    )


def case_texts(directory: str | Path, findings: Findings) -> dict[str, str]:
    """File name -> text of the policy tests (`*.test.yaml`) of a directory, by name."""
    wanted = _is_test_file
    return dict(_texts(Path(directory), findings, wanted, "", wanted))


def _is_test_file(name: str) -> bool:
    return name.endswith(TEST_SUFFIX)


def _texts(
    directory: Path,
    findings: Findings,
    wanted: _NameTest,
    if_none: str,
    required: _NameTest,
) -> Iterator[tuple[str, str]]:
    place = Place(str(directory), 1)
    try:
        names = sorted(entry.name for entry in directory.iterdir() if entry.is_file())
    except OSError as error:
        findings.add(place, "FILE", f"cannot be read as a directory: {error.strerror}")
        return
    names = [name for name in names if wanted(name) and not name.startswith(".")]
    if if_none and not any(map(required, names)):
        findings.add(place, "FILE", if_none)
    if len(names) > POLICY_FILES_MAX:
        findings.add(place, "FILE", f"holds more than {POLICY_FILES_MAX} files")
        return
    room = POLICY_BYTES_MAX
    for name in names:
        text = _read(directory / name, name, room, findings)
        if text is not None:
            room -= len(text)
            yield name, text


def _read(path: Path, name: str, room: int, findings: Findings) -> str | None:
    place = Place(name, 1)
    try:
        with path.open("rb") as stream:
            data = stream.read(room + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        findings.add(place, "FILE", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.add(Place(name, line), "FILE", "is not UTF-8 - save the file as UTF-8")
    else:
        if len(data) <= room:
            return text
        findings.add(place, "FILE", f"the directory holds more than {POLICY_BYTES_MAX} bytes")
    return None
