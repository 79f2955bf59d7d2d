"""The settings' documentation, made from their declaration."""

from __future__ import annotations

from itertools import groupby

from sla_engine.config.settings import SECTIONS, declared


def describe_markdown() -> str:
    """One table per section: setting, default, kind and meaning, environment variable."""
    parts = []
    for section, items in groupby(declared(), key=lambda item: item.section):
        rows = [
            f"| `{item.key}` | `{item.kind.write(item.default)}` "
            f"| {item.help} {item.kind.expects[0].upper()}{item.kind.expects[1:]}. "
            f"| `{item.variable}` |"
            for item in items
        ]
        head = "| setting | default | meaning | environment |\n|---|---|---|---|"
        doc = SECTIONS[section].__doc__ or ""
        parts.append(f"## [{section}]\n\n{doc}\n\n{head}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def example_toml() -> str:
    """A settings file with every setting at its default, commented out."""
    lines: list[str] = []
    for section, items in groupby(declared(), key=lambda item: item.section):
        lines.append(f"[{section}]")
        for item in items:
            lines += [f"# {item.help}", f"# {item.key} = {item.kind.write(item.default)}"]
        lines.append("")
    return "\n".join(lines)
