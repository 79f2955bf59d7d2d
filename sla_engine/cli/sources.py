"""Vendors by their names: in code, by a mapping file of the package, or by one of your own."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from sla_engine.errors import ConfigError
from sla_engine.source.kinds import SOURCES
from sla_engine.source.mapped import mapped_source
from sla_engine.source.model import Source


def shipped() -> dict[str, str]:
    """Name -> text of every mapping file of the package."""
    folder = resources.files("sla_engine.source") / "mappings"
    files = sorted((one.name, one) for one in folder.iterdir() if one.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): one.read_text(encoding="utf-8") for name, one in files}


def source_named(kind: str) -> Source:
    """A vendor by its name, or by its mapping file `*.yaml`.

    ConfigError for a name that is not known or a file that cannot be read; PolicyErrors for what
    is wrong in a mapping file.
    """
    if kind.endswith(".yaml"):
        try:
            content = Path(kind).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{kind} cannot be read: {error}") from error
        return mapped_source(kind, content)
    if kind in SOURCES:
        return SOURCES[kind]
    mappings = shipped()
    if kind not in mappings:
        known = ", ".join([*SOURCES, *mappings])
        raise ConfigError(
            f"{kind}: no such vendor; known are {known}; of others name the mapping file, *.yaml"
        )
    return mapped_source(kind, mappings[kind])
