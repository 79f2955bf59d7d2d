"""Every example of README and docs is run, and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, blocks, comparable, printed, write

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_print_what_it_says(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.path is not None:
            write(block, tmp_path)
        elif block.kind == "console":
            for command, output in block.commands():
                assert comparable(printed(command, tmp_path)) == comparable(output), command


def test_some_pages_have_examples() -> None:
    """A typing error in a fence must not silence the test above."""
    commands = {
        page.name: [c for b in blocks(page) if b.kind == "console" for c in b.commands()]
        for page in PAGES
    }
    counted = {name: len(found) for name, found in commands.items() if found}
    assert counted == {
        "alerts.md": 4,
        "commands.md": 18,
        "delivery.md": 3,
        "events.md": 2,
        "gateway.md": 1,
        "policies.md": 3,
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.relative_to(ROOT)}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {head.lower().replace(" ", "-") for head in heads}, target
