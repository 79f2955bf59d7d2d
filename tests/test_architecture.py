"""Imports go one way, and the core reads no clock, draws nothing and does no I/O.

The contracts of `lint-imports` in pyproject.toml, checked once more from the syntax alone, so that
a plain test run notices a wrong import too.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sla_engine"
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]
LAYERS, FORBIDDEN, *_ = CONTRACTS
MODULES = sorted(PACKAGE.rglob("*.py"))


def levels() -> dict[str, int]:
    """Package -> its level, 1 at the bottom."""
    bottom_first = enumerate(reversed(LAYERS["layers"]), start=1)
    return {name: level for level, line in bottom_first for name in names(line)}


def names(line: str) -> list[str]:
    return [name.strip(" ()") for name in line.replace("|", ":").split(":")]


def independent() -> list[set[str]]:
    """Packages of one level that may not import each other."""
    return [set(names(line)) for line in LAYERS["layers"] if "|" in line]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, absolute name) of every import of a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import in full"
            assert node.module is not None
            if node.module == "sla_engine":
                yield from ((node.lineno, f"sla_engine.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def ours(name: str) -> str | None:
    head, _, rest = name.partition(".")
    return rest.partition(".")[0] if head == "sla_engine" and rest else None


def sources() -> Iterator[tuple[Path, str]]:
    """Every module with the package it belongs to, without those that belong to none."""
    for path in MODULES:
        home = package_of(path)
        if home not in ("__init__", "__main__"):
            yield path, home


def test_a_module_imports_only_from_the_levels_below() -> None:
    level_of, apart, found = levels(), independent(), []
    for path, home in sources():
        for line, name in imports(path):
            other = ours(name)
            if other is None or other == home or other.startswith("__"):
                continue
            upward = level_of[other] > level_of[home]
            if upward or any({home, other} <= group for group in apart):
                place = f"{path.relative_to(ROOT)}:{line}"
                found.append(f"{place}: {home} may not import {other}")
    assert not found, "\n" + "\n".join(found)


def test_the_core_imports_no_clock_no_chance_and_no_service() -> None:
    found = []
    for path, home in sources():
        if f"sla_engine.{home}" in FORBIDDEN["source_modules"]:
            for line, name in imports(path):
                if name.partition(".")[0] in FORBIDDEN["forbidden_modules"]:
                    place = f"{path.relative_to(ROOT)}:{line}"
                    found.append(f"{place}: take it as an argument instead of importing {name}")
    assert not found, "\n" + "\n".join(found)


def test_every_package_has_its_level() -> None:
    assert {home for _, home in sources()} <= set(levels())


def test_a_wrong_import_would_be_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from sla_engine import store\n    import time as t\n")
    found = {name for _, name in imports(wrong)}
    assert found == {"sla_engine.store", "time"}
    level_of = levels()
    assert level_of["store"] > level_of["engine"] > level_of["clock"] > level_of["event"]
    assert any({"store", "stream"} <= group for group in independent())
