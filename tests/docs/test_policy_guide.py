"""Every example of the policy guide is loaded, linted and run with the tests beside it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from sla_engine.cli.cases import run_directory
from sla_engine.policy import check_directory
from sla_engine.policy.codes import CODES
from sla_engine.policy.load import TEST_SUFFIX
from sla_engine.policy.options import OPTION_KEYS, OPTION_WORDS
from sla_engine.policy.parse import TOP_KEYS
from sla_engine.policy.vocabulary import ATTRIBUTES, STATUS_CLASSES
from tests.docs.pages import ROOT, Block, blocks, write

PAGE = ROOT / "docs" / "policies.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)
COOKBOOK = TEXT.partition("\n## Cookbook\n")[2]

#: A comment in a policy file that says which warnings its reader should see.
WARNED = re.compile(r"# the check warns: ([A-Z0-9_]+)")

pytestmark = pytest.mark.timeout(900)


def examples() -> dict[str, list[Block]]:
    """Folder -> the files in it."""
    found: dict[str, list[Block]] = {}
    for block in BLOCKS:
        if block.path is not None:
            found.setdefault(PurePosixPath(block.path).parts[0], []).append(block)
    return found


EXAMPLES = examples()


def test_no_example_is_left_out() -> None:
    """A block of YAML without a file name would be shown and never run."""
    assert TEXT.count("```yaml") == sum(block.kind == "yaml" for block in BLOCKS)
    assert [block.text for block in BLOCKS if block.kind == "yaml" and block.path is None] == []
    paths = [block.path for block in BLOCKS if block.path is not None]
    assert [path for path, count in Counter(paths).items() if count > 1] == []
    for folder, files in EXAMPLES.items():
        tests = [block.path for block in files if (block.path or "").endswith(TEST_SUFFIX)]
        assert len(tests) == 1, f"{folder} needs a policy test"


@pytest.mark.parametrize("folder", EXAMPLES)
def test_an_example_does_what_the_page_says(folder: str, tmp_path: Path) -> None:
    for block in EXAMPLES[folder]:
        write(block, tmp_path)
    found = check_directory(tmp_path / folder)
    said = [code for block in EXAMPLES[folder] for code in WARNED.findall(block.text)]
    assert all(CODES[code].warning for code in said)
    assert [one.code for one in found] == said, [str(one) for one in found]
    verdicts = list(run_directory(tmp_path / folder))
    assert verdicts
    assert [(one.name, one.reasons) for one in verdicts if not one.passed] == []


def test_the_cookbook_has_promises_enough() -> None:
    recipes = re.findall(r"^### (.+)$", COOKBOOK, re.MULTILINE)
    files = re.findall(r"^`([^`/]+)/policies\.yaml`:$", COOKBOOK, re.MULTILINE)
    assert len(recipes) == len(files) >= 12


def test_no_code_is_explained_that_the_check_does_not_have() -> None:
    named = re.findall(r"^\| `([A-Z0-9_]+)` \| (?:error|warning) \|", TEXT, re.MULTILINE)
    assert sorted(named) == sorted(CODES)


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_the_check_is_explained(name: str) -> None:
    rows = re.findall(rf"^\| `{name}` \| (\w+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
    assert [severity for severity, _, _ in rows] == ["warning" if CODES[name].warning else "error"]


@pytest.mark.parametrize(
    "word",
    [
        *TOP_KEYS,
        *OPTION_KEYS,
        *(word for words in OPTION_WORDS.values() for word in words),
        *ATTRIBUTES,
        *STATUS_CLASSES,
    ],
)
def test_the_guide_names_every_key_option_and_attribute(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXT)
