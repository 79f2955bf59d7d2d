"""What several verbs need: settings, and words on stderr."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from sla_engine.config import load_settings
from sla_engine.config.settings import Settings


def load(config: Path | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings in force; ConfigError names what is wrong in them."""
    return load_settings(config, environ=os.environ, overrides=overrides or {}).settings


def say(text: str) -> None:
    """A line for the person, on stderr."""
    click.echo(text, err=True)
