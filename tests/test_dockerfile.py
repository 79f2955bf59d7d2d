"""The Dockerfile: its shape, and its build commands carried out in a scratch folder."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from sla_engine.config.settings import declared

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "/opt/sla-engine"


class Instruction(NamedTuple):
    """One instruction of one stage: `RUN`, and what follows it."""

    stage: int
    word: str
    rest: str


def instructions() -> list[Instruction]:
    """The Dockerfile with its lines joined and its comments left out."""
    lines = [
        line
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    stage, found = -1, []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        stage += word == "FROM"
        found.append(Instruction(stage, word, " ".join(rest.split())))
    return found


def of(word: str, stage: int) -> list[str]:
    return [item.rest for item in instructions() if (item.stage, item.word) == (stage, word)]


def test_there_are_two_stages_and_the_last_runs_without_rights() -> None:
    assert {item.stage for item in instructions()} == {0, 1}
    assert of("USER", 1) == ["sla-engine"]
    assert any("useradd" in command for command in of("RUN", 1))
    assert not any("pip" in command for command in of("RUN", 1))
    assert of("COPY", 1) == [f"--from=build {PREFIX} {PREFIX}"]


def test_packages_come_from_the_lock_and_by_hash() -> None:
    installs = [command for command in of("RUN", 0) if "pip install" in command]
    assert len(installs) == 2
    assert "--require-hashes -r requirements/run.txt" in installs[0]
    assert "--no-deps" in installs[1]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    allowed = (ROOT / ".dockerignore").read_text()
    for rest in of("COPY", 0):
        *sources, _ = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source.partition('/')[0]}" in allowed, source


def test_its_variables_are_settings() -> None:
    names = {item.variable for item in declared()}
    variables = [pair.partition("=")[0] for rest in of("ENV", 1) for pair in shlex.split(rest)]
    assert {name for name in variables if name.startswith("SLA_")} <= names


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_build_commands_give_a_working_engine(tmp_path: Path) -> None:
    prefix, build = tmp_path / "prefix", tmp_path / "build"
    build.mkdir()
    for item in instructions():
        if item.stage == 0 and item.word == "COPY":
            copy(item.rest.split(), build)
        elif item.stage == 0 and item.word == "RUN":
            run(item.rest.replace(PREFIX, str(prefix)), build)
    shutil.rmtree(build)
    version = run(
        f"{prefix}/bin/python -c 'import sla_engine; print(sla_engine.__version__)'", tmp_path
    )
    assert version.strip()
    assert "demo" in run(f"{prefix}/bin/sla-engine --help", tmp_path)


def copy(arguments: list[str], build: Path) -> None:
    *sources, target = arguments
    for source in sources:
        place = build / (source if target == "./" else target)
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / source, place)


def run(command: str, folder: Path) -> str:
    words = [sys.executable if word == "python" else word for word in shlex.split(command)]
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        words,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout
